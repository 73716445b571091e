import { control, quoteUnsafe } from '../terminal/quote.ts';

export interface ProgressMessage {
  id?: string;
  status?: string;
  progress?: string;
  progressDetail?: { current?: number; total?: number };
}

/**
 * Progress of several things (layers), by id. On a terminal each id has one line that is drawn over; piped, a line is written when
 * the status changes, not for every step of a bar.
 */
export class ProgressLines {
  readonly #out: NodeJS.WriteStream;
  readonly #lines = new Map<string, { row: number; status: string }>();
  #rows = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show({ id, status, progress, progressDetail }: ProgressMessage): void {
    if (status === undefined) return;
    const text = `${id === undefined ? '' : `${id}: `}${status}`;
    if (id === undefined) {
      this.#out.write(`${text}\n`);
      this.#rows++;
      return;
    }
    const line = this.#lines.get(id);
    if (!this.#out.isTTY) {
      if (line?.status !== status) this.#out.write(`${text}\n`);
      this.#lines.set(id, { row: 0, status });
      return;
    }
    const { current, total } = progressDetail ?? {};
    const share = current !== undefined && total ? `${Math.min(100, Math.floor((current / total) * 100))}%` : '';
    const shown = quoteUnsafe(`${text} ${progress ?? share}`.trimEnd()).slice(0, (this.#out.columns || 80) - 1);
    if (line === undefined) {
      this.#lines.set(id, { row: this.#rows++, status });
      this.#out.write(control(`${shown}\n`));
      return;
    }
    line.status = status;
    const up = this.#rows - line.row;
    // A line that has scrolled away can no longer be drawn over.
    if (up < (this.#out.rows || 24)) this.#out.write(control(`\x1b[${up}A\r\x1b[2K${shown}\x1b[${up}B\r`));
  }

  /** What comes next is written below. */
  end(): void {
    this.#lines.clear();
  }
}
