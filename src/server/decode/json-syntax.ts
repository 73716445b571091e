/**
 * Why a text is not JSON, in the words of Go's decoder (clients and their tests match on them). Called only for a text
 * that JSON.parse refused, so speed does not matter.
 */
export function explainJson(text: string): { fault: string } | { endsAt: number } {
  const scanner = new Scanner(text);
  try {
    scanner.space();
    if (scanner.at >= text.length) return { fault: 'EOF' };
    scanner.value('looking for beginning of value');
    return { endsAt: scanner.at };
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message };
    throw error;
  }
}

class Fault extends Error {}
/** Go stops at 10,000; each level costs us a few frames of stack. */
const MAX_DEPTH = 1000;

class Scanner {
  readonly #text: string;
  at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  space(): void {
    while (' \t\r\n'.includes(this.#text.charAt(this.at) || 'x')) this.at++;
  }

  value(context: string): void {
    const char = this.#peek();
    if (char === '{') this.#nested(() => this.#members());
    else if (char === '[') this.#nested(() => this.#elements());
    else if (char === '"') this.#string();
    else if (char === 't' || char === 'f' || char === 'n') this.#word(char);
    else if (char === '-' || /\d/.test(char)) this.#number();
    else throw this.#unexpected(context);
  }

  #nested(inside: () => void): void {
    if (++this.#depth > MAX_DEPTH) throw new Fault('exceeded max depth');
    this.at++;
    this.space();
    inside();
    this.#depth--;
  }

  #members(): void {
    if (this.#peek() === '}') {
      this.at++;
      return;
    }
    for (;;) {
      if (this.#peek() !== '"') throw this.#unexpected('looking for beginning of object key string');
      this.#string();
      this.space();
      if (this.#peek() !== ':') throw this.#unexpected('after object key');
      this.at++;
      this.space();
      this.value('looking for beginning of value');
      this.space();
      if (this.#closes('}', 'after object key:value pair')) return;
    }
  }

  #elements(): void {
    if (this.#peek() === ']') {
      this.at++;
      return;
    }
    for (;;) {
      this.value('looking for beginning of value');
      this.space();
      if (this.#closes(']', 'after array element')) return;
    }
  }

  #closes(end: string, context: string): boolean {
    const char = this.#peek();
    if (char !== end && char !== ',') throw this.#unexpected(context);
    this.at++;
    this.space();
    return char === end;
  }

  #string(): void {
    this.at++;
    for (;;) {
      const char = this.#peek();
      if (char < ' ') throw this.#unexpected('in string literal');
      this.at++;
      if (char === '"') return;
      if (char === '\\') this.#escape();
    }
  }

  #escape(): void {
    if (this.#peek() !== 'u') {
      if (!'bfnrt\\/"'.includes(this.#peek())) throw this.#unexpected('in string escape code');
      this.at++;
      return;
    }
    this.at++;
    for (let i = 0; i < 4; i++) {
      if (!/[0-9a-fA-F]/.test(this.#peek())) throw this.#unexpected('in \\u hexadecimal character escape');
      this.at++;
    }
  }

  #word(first: string): void {
    const word = first === 't' ? 'true' : first === 'f' ? 'false' : 'null';
    for (const expected of word) {
      if (this.#peek() !== expected) throw this.#unexpected(`in literal ${word} (expecting '${expected}')`);
      this.at++;
    }
  }

  #number(): void {
    if (this.#peek() === '-') this.at++;
    if (!/\d/.test(this.#peek())) throw this.#unexpected('in numeric literal');
    const rest = this.#text.slice(this.at);
    const digits = /^(0|[1-9]\d*)/.exec(rest)?.[0].length ?? 0;
    this.at += digits;
    if (this.#text[this.at] === '.') {
      this.at++;
      if (!/\d/.test(this.#peek())) throw this.#unexpected('after decimal point in numeric literal');
      this.#digits();
    }
    if (/[eE]/.test(this.#text.charAt(this.at))) {
      this.at++;
      if (/[+-]/.test(this.#peek())) this.at++;
      if (!/\d/.test(this.#peek())) throw this.#unexpected('in exponent of numeric literal');
      this.#digits();
    }
  }

  #digits(): void {
    while (/\d/.test(this.#text.charAt(this.at) || 'x')) this.at++;
  }

  #peek(): string {
    const char = this.#text[this.at];
    if (char === undefined) throw new Fault('unexpected EOF');
    return char;
  }

  #unexpected(context: string): Fault {
    const char = this.#text.charAt(this.at);
    const quoted = char === "'" ? `'\\''` : char === '"' ? `'"'` : `'${JSON.stringify(char).slice(1, -1)}'`;
    return new Fault(`invalid character ${quoted} ${context}`);
  }
}
