import { quoteUnsafe, stripEscapes } from '../terminal/quote.ts';

export interface BuildViewNeeds {
  /** Writes to the terminal, control sequences included. */
  write(text: string): void;
  columns(): number;
  nowMs(): number;
  isColoured: boolean;
}

interface Step {
  /** `[2/7] RUN npm ci` */
  title: string;
  startedMs: number;
  isCached: boolean;
  reason: string | undefined;
  /** The last lines it printed, for when it fails. */
  lines: string[];
}

const KEPT_LINES = 30;
const STEP = /^Step (\d+\/\d+) : (.*)$/;

/**
 * Classic build lines as one line a step on a terminal: the running one is redrawn with its time and its last word, a
 * finished one stays with how it came about (cached, or its duration). What a step printed is shown when it fails.
 */
export class BuildView {
  readonly #needs: BuildViewNeeds;
  #step: Step | undefined;
  #rest = '';

  constructor(needs: BuildViewNeeds) {
    this.#needs = needs;
  }

  /** Text as the daemon streams it: any number of lines, perhaps half of one. */
  push(text: string): void {
    const lines = (this.#rest + stripEscapes(text)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(quoteUnsafe(line.slice(line.trimEnd().lastIndexOf('\r') + 1).trimEnd()));
    this.redraw();
  }

  /** Why the running step could not come from the cache. */
  missed(reason: string): void {
    if (this.#step !== undefined) this.#step.reason = quoteUnsafe(reason);
  }

  /** To be called now and then, so that the time moves. */
  redraw(): void {
    if (this.#step === undefined) return;
    const { title, startedMs, lines } = this.#step;
    const last = lines.at(-1);
    this.#draw(`▸ ${title}  ${this.#seconds(startedMs)}${last === undefined ? '' : `  ${last}`}`);
  }

  /** The build succeeded: the last step is finished, the line below is free. */
  end(): void {
    this.#finish('✓', '32');
  }

  /** The build failed: the running step with what it said last. */
  fail(): void {
    const lines = this.#step?.lines ?? [];
    this.#finish('✗', '31');
    for (const line of lines) this.#needs.write(`  ${line}\n`);
  }

  #line(line: string): void {
    const [, position, instruction = ''] = STEP.exec(line) ?? [];
    if (position !== undefined) {
      this.#finish('✓', '32');
      const title = `[${position}] ${instruction}`;
      this.#step = { title, startedMs: this.#needs.nowMs(), isCached: false, reason: undefined, lines: [] };
    } else if (line === ' ---> Using cache') {
      if (this.#step !== undefined) this.#step.isCached = true;
    } else if (/^Successfully (built|tagged) /.test(line)) {
      this.#finish('✓', '32');
      this.#needs.write(`${line}\n`);
    } else if (line !== '' && !/^ ---> |^Removing intermediate container /.test(line)) {
      this.#step?.lines.push(line);
      if (this.#step !== undefined && this.#step.lines.length > KEPT_LINES) this.#step.lines.shift();
    }
  }

  #finish(mark: string, colour: string): void {
    const step = this.#step;
    if (step === undefined) return;
    this.#step = undefined;
    const outcome = step.isCached ? 'cached' : this.#seconds(step.startedMs);
    const why = step.reason === undefined || step.isCached ? '' : ` (${step.reason})`;
    this.#draw(`${this.#colour(mark, colour)} ${step.title}  ${this.#colour(outcome + why, '2')}`);
    this.#needs.write('\n');
  }

  /** Over the line as it is; what does not fit is cut, for a wrapped line could not be drawn over again. */
  #draw(text: string): void {
    this.#needs.write(`\r\x1b[2K${fit(text, this.#needs.columns() - 1)}`);
  }

  #seconds(sinceMs: number): string {
    return `${((this.#needs.nowMs() - sinceMs) / 1000).toFixed(1)}s`;
  }

  #colour(text: string, code: string): string {
    return this.#needs.isColoured ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

/** At most `columns` characters, not counting our own colours. */
function fit(text: string, columns: number): string {
  if (stripEscapes(text).length <= columns) return text;
  let shown = 0;
  let out = '';
  for (const part of text.split(/(\x1b\[\d+m)/)) {
    if (part.startsWith('\x1b')) out += part;
    else {
      out += part.slice(0, Math.max(0, columns - 1 - shown));
      shown += part.length;
    }
  }
  return `${out}…`;
}
