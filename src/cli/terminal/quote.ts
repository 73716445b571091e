/**
 * What must not reach a terminal from names, labels, tags, commands and messages that a daemon or an image chose (security.md
 * control characters but tab and line feed, the C1 set, and what turns the direction of text around.
 */
const UNSAFE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Shows each of them as Go would write it in a quoted string: `\x1b`, `\u202e`. */
export function quoteUnsafe(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Takes escape sequences (colours, titles, cursor movements) out of a program's output, for where lines are laid out by us. */
export function stripEscapes(text: string): string {
  return text
    .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g, '')
    .replaceAll('\r\n', '\n');
}

/**
 * From here on, text (strings) written to a terminal is quoted; bytes (Buffers: a process's own output in run, logs, attach
 * and exec, and our own colours) pass as they are. A stream that is no terminal stays raw: it is data.
 */
export function guardTerminal(stream: NodeJS.WriteStream): void {
  if (!stream.isTTY) return;
  const write = stream.write.bind(stream) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
  stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? quoteUnsafe(chunk) : chunk, ...rest)) as typeof stream.write;
}

/** Our own control sequences and colours, past the guard. */
export const control = (text: string): Buffer => Buffer.from(text);
