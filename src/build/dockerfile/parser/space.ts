/**
 * White space as Dockerfiles know it: the `White_Space` property of Unicode, which is neither JavaScript's `\s` (no U+0085,
 * but U+FEFF) nor the shorter set that separates arguments.
 */
export function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  if (code < 0x85) return false;
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

export function trimSpaceStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) start++;
  return start === 0 ? text : text.slice(start);
}

export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return trimSpaceStart(end === text.length ? text : text.slice(0, end));
}

/** What separates an instruction from its arguments, and the arguments of list instructions. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0b || code === 0x0c || code === 0x0d;
}

/** Splits at the first run of blanks. */
export function cutBlank(text: string): [first: string, rest: string | undefined] {
  let at = 0;
  while (at < text.length && !isBlank(text.charCodeAt(at))) at++;
  if (at === text.length) return [text, undefined];
  let next = at;
  while (next < text.length && isBlank(text.charCodeAt(next))) next++;
  return [text.slice(0, at), text.slice(next)];
}

/** Splits at every run of blanks. */
export function splitBlank(text: string): string[] {
  return text.split(/[\t\v\f\r ]+/);
}
