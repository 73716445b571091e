import { dockerfileError } from '../errors.ts';

/** Longest line, its newline included, that Docker reads. */
const MAX_LINE_BYTES = 65_536;

/** The lines of a text one by one, with their line ends; numbers are 1-based. */
export class LineReader {
  /** Number of the line read last; 0 before the first. */
  number = 0;
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  next(): string | undefined {
    if (this.at >= this.text.length) return undefined;
    const newline = this.text.indexOf('\n', this.at);
    const end = newline === -1 ? this.text.length : newline + 1;
    const line = this.text.slice(this.at, end);
    this.at = end;
    this.number++;
    if (isTooLong(line, newline === -1)) {
      const range = { startLine: this.number, endLine: this.number };
      throw dockerfileError(`dockerfile line greater than max allowed size of ${MAX_LINE_BYTES - 1}`, { range });
    }
    return line;
  }
}

function isTooLong(line: string, isLast: boolean): boolean {
  const limit = isLast ? MAX_LINE_BYTES - 1 : MAX_LINE_BYTES;
  // A UTF-16 unit takes at most three bytes of UTF-8.
  if (line.length * 3 <= limit) return false;
  return line.length > limit || Buffer.byteLength(line) > limit;
}

/** Without the line end. */
export function trimNewline(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--;
  return line.slice(0, end);
}
