/** One message of a progress stream: pull, push, load, import and build end each with `\r\n`, as dockerd does. */
export function formatProgressLine(message: object): string {
  return `${JSON.stringify(message)}\r\n`;
}

/** One message of `GET /events` and of JSON answers: ends with `\n`. */
export function formatJsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/**
 * The messages of a stream of JSON objects, whatever white space is between them. A single message may be at most
 * `maxBytes` long. @throws SyntaxError for one that is not JSON or is cut short
 */
export async function* readJsonLines(
  source: AsyncIterable<Uint8Array>,
  maxBytes = 16 * 1024 * 1024,
): AsyncIterable<unknown> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const chunk of source) {
    held += decoder.decode(chunk, { stream: true });
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
    if (held.length > maxBytes) throw new SyntaxError(`a JSON message is longer than ${maxBytes} bytes`);
  }
  held += decoder.decode();
  if (held.trim() !== '') yield JSON.parse(held);
}
