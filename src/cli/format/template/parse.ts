import { invalidParameter } from '../../../errors/index.ts';
import { lex, type Token, templateError } from './lex.ts';

export type Expression =
  | { kind: 'literal'; value: string | number | boolean | null }
  | { kind: 'dot' }
  | { kind: 'variable'; name: string }
  | { kind: 'fields'; of: Expression; names: string[]; where: Where }
  | { kind: 'call'; name: string; args: Expression[]; where: Where }
  | { kind: 'method'; of: Expression; args: Expression[] }
  | { kind: 'pipe'; stages: Expression[] };

/** Where an expression stands and how it was written, for errors. */
export interface Where {
  at: number;
  text: string;
}

export interface Pipeline {
  declare: string[];
  isAssignment: boolean;
  value: Expression;
}

export type TemplateNode =
  | { kind: 'text'; text: string }
  | { kind: 'print'; pipeline: Pipeline }
  | { kind: 'if' | 'with' | 'range'; pipeline: Pipeline; then: TemplateNode[]; else: TemplateNode[] }
  | { kind: 'break' | 'continue' };

const BLOCKS = new Set(['if', 'with', 'range']);

/** Parses a Go text/template (actions, pipelines, if/with/range/else, variables, parentheses). @throws invalid-parameter `bad-template` */
export function parseTemplate(source: string, functions: ReadonlySet<string>): TemplateNode[] {
  return new Parser(source, functions).list([]);
}

class Parser {
  readonly #source: string;
  readonly #tokens: Token[];
  readonly #functions: ReadonlySet<string>;
  #at = 0;

  constructor(source: string, functions: ReadonlySet<string>) {
    this.#source = source;
    this.#tokens = lex(source);
    this.#functions = functions;
  }

  /** Nodes up to (not including) an action that starts with one of `ends`; with none, to the end of the template. */
  list(ends: readonly string[]): TemplateNode[] {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined) {
        if (ends.length > 0) throw templateError('unexpected EOF');
        return nodes;
      }
      if (token.kind === 'text') {
        nodes.push(token);
        this.#at++;
        continue;
      }
      const word = this.#word(1);
      if (word === 'end' || word === 'else') {
        if (ends.includes(word)) return nodes;
        throw templateError(`unexpected {{${word}}}`);
      }
      this.#at++;
      nodes.push(this.#action(word));
    }
  }

  #action(word: string | undefined): TemplateNode {
    if (word !== undefined && BLOCKS.has(word)) {
      this.#at++;
      return this.#block(word as 'if' | 'with' | 'range');
    }
    if (word === 'break' || word === 'continue') {
      this.#at++;
      this.#close();
      return { kind: word };
    }
    if (this.#tokens[this.#at]?.kind === 'close') throw templateError('missing value for command');
    const pipeline = this.#pipeline();
    this.#close();
    return { kind: 'print', pipeline };
  }

  #block(kind: 'if' | 'with' | 'range'): TemplateNode {
    if (this.#tokens[this.#at]?.kind === 'close') throw templateError(`missing value for ${kind}`);
    const pipeline = this.#pipeline();
    this.#close();
    const then = this.list(['else', 'end']);
    this.#at++;
    const isElse = this.#word(0) === 'else';
    this.#at++;
    if (!isElse) {
      this.#close();
      return { kind, pipeline, then, else: [] };
    }
    const chained = this.#word(0);
    if (chained === 'if' || chained === 'with') {
      this.#at++;
      return { kind, pipeline, then, else: [this.#block(chained)] };
    }
    this.#close();
    const otherwise = this.list(['end']);
    this.#at += 2;
    this.#close();
    return { kind, pipeline, then, else: otherwise };
  }

  #pipeline(): Pipeline {
    const declare: string[] = [];
    let isAssignment = false;
    for (let ahead = 0; this.#tokens[this.#at + ahead]?.kind === 'variable'; ahead += 2) {
      const operator = this.#punctuation(ahead + 1);
      if (operator !== ',' && operator !== ':=' && operator !== '=') break;
      if (operator === ',') continue;
      isAssignment = operator === '=';
      for (let i = 0; i <= ahead; i += 2) declare.push((this.#tokens[this.#at + i] as { text: string }).text);
      this.#at += ahead + 2;
      break;
    }
    return { declare, isAssignment, value: this.#pipe() };
  }

  #pipe(): Expression {
    const stages = [this.#command()];
    while (this.#punctuation(0) === '|') {
      this.#at++;
      stages.push(this.#command());
    }
    return stages.length === 1 && stages[0] !== undefined ? stages[0] : { kind: 'pipe', stages };
  }

  #command(): Expression {
    const token = this.#tokens[this.#at];
    if (token?.kind === 'word' && !['true', 'false', 'nil'].includes(token.text)) {
      if (!this.#functions.has(token.text)) throw templateError(`function ${JSON.stringify(token.text)} not defined`);
      this.#at++;
      const args = this.#arguments();
      const text = this.#source.slice(token.at, this.#tokens[this.#at - 1]?.end);
      return this.#fieldsOf({ kind: 'call', name: token.text, args, where: { at: token.at, text } });
    }
    if (token?.kind === 'word' && token.text === 'nil')
      throw invalidParameter(
        'bad-template',
        `template parsing error: template: :1:${token.at}: executing "" at <nil>: nil is not a command`,
      );
    const of = this.#operand();
    const args = this.#arguments();
    return args.length === 0 ? of : { kind: 'method', of, args };
  }

  #arguments(): Expression[] {
    const args: Expression[] = [];
    for (let next = this.#tokens[this.#at]; next !== undefined; next = this.#tokens[this.#at]) {
      if (next.kind === 'close' || (next.kind === 'punctuation' && next.text !== '(')) break;
      args.push(this.#operand());
    }
    return args;
  }

  #operand(): Expression {
    const token = this.#tokens[this.#at++];
    switch (token?.kind) {
      case 'string':
        return { kind: 'literal', value: token.text };
      case 'number':
        return {
          kind: 'literal',
          value: token.text.startsWith("'") ? (token.text.codePointAt(1) ?? 0) : Number(token.text),
        };
      case 'variable':
        return this.#fieldsOf({ kind: 'variable', name: token.text });
      case 'field':
        return token.text === '.'
          ? this.#fieldsOf({ kind: 'dot' })
          : this.#fieldsOf({
              kind: 'fields',
              of: { kind: 'dot' },
              names: [token.text.replace(/^\+?\./, '')],
              where: { at: token.at, text: token.text.replace(/^\+/, '') },
            });
      case 'word':
        if (token.text === 'true' || token.text === 'false') return { kind: 'literal', value: token.text === 'true' };
        if (token.text === 'nil') return { kind: 'literal', value: null };
        if (!this.#functions.has(token.text)) throw templateError(`function ${JSON.stringify(token.text)} not defined`);
        return { kind: 'call', name: token.text, args: [], where: { at: token.at, text: token.text } };
      case 'punctuation':
        if (token.text === '(') {
          const inner = this.#pipe();
          if (this.#punctuation(0) !== ')') throw templateError('unclosed left paren');
          this.#at++;
          return this.#fieldsOf(inner);
        }
        throw templateError(`unexpected ${JSON.stringify(token.text)} in operand`);
      default:
        throw templateError('missing value for command');
    }
  }

  /** Go tells of a chain of fields by the place of its second one. */
  #fieldsOf(of: Expression): Expression {
    const first = this.#tokens[this.#at];
    const names: string[] = [];
    for (
      let token = first;
      token?.kind === 'field' && token.text.startsWith('+.') && token.text.length > 2;
      token = this.#tokens[this.#at]
    ) {
      names.push(token.text.slice(2));
      this.#at++;
    }
    if (names.length === 0) return of;
    const before =
      of.kind === 'fields' ? of : { of, names: [], where: { text: of.kind === 'variable' ? of.name : '' } };
    const where = { at: first?.at ?? 0, text: `${before.where.text}.${names.join('.')}` };
    return { kind: 'fields', of: before.of, names: [...before.names, ...names], where };
  }

  #word(ahead: number): string | undefined {
    const token = this.#tokens[this.#at + ahead];
    return token?.kind === 'word' ? token.text : undefined;
  }

  #punctuation(ahead: number): string | undefined {
    const token = this.#tokens[this.#at + ahead];
    return token?.kind === 'punctuation' ? token.text : undefined;
  }

  #close(): void {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== 'close')
      throw templateError(
        `unexpected ${JSON.stringify((token as { text?: string } | undefined)?.text ?? 'EOF')} in command`,
      );
  }
}
