import { invalidParameter, isEngineError } from '../../../errors/index.ts';
import { type TemplateFunction, templateFunctions } from './functions.ts';
import { type Expression, type Pipeline, parseTemplate, type TemplateNode, type Where } from './parse.ts';
import { formatValue, isTruthy, TypedNil } from './value.ts';

type Scope = Map<string, unknown>[];

/** What the data is made of, as far as a template can tell. */
export interface TemplateOptions {
  functions?: Record<string, TemplateFunction>;
  /** How a name that the data lacks is met: an error (objects with known fields), or `<no value>` (maps). */
  missing?: 'error' | 'no-value';
  /** Fields that hold maps of any keys: a key missing there is `<no value>` whatever `missing` says. */
  maps?: ReadonlySet<string>;
  /** What a null in that field prints as. */
  nilText?: (field: string) => string;
}

class Break extends Error {}
class Continue extends Error {}

/** Compiles a Go template once; the result renders one value. @throws invalid-parameter `bad-template`, `template-failed` */
export function compileTemplate(source: string, options: TemplateOptions = {}): (data: unknown) => string {
  const functions: Record<string, TemplateFunction> = Object.assign(
    Object.create(null),
    templateFunctions,
    options.functions,
  );
  const nodes = parseTemplate(source, new Set(Object.keys(functions)));
  return (data) => {
    const run = new Run(functions, options);
    run.nodes(nodes, data, [new Map([['$', data]])]);
    return run.out.join('');
  };
}

class Run {
  readonly out: string[] = [];
  readonly #functions: Record<string, TemplateFunction>;
  readonly #options: TemplateOptions;

  constructor(functions: Record<string, TemplateFunction>, options: TemplateOptions) {
    this.#functions = functions;
    this.#options = options;
  }

  nodes(nodes: readonly TemplateNode[], dot: unknown, scope: Scope): void {
    for (const node of nodes) {
      switch (node.kind) {
        case 'text':
          this.out.push(node.text);
          break;
        case 'print': {
          const value = this.#pipeline(node.pipeline, dot, scope);
          if (node.pipeline.declare.length === 0) this.out.push(formatValue(value));
          break;
        }
        case 'range':
          this.#range(node, dot, scope);
          break;
        case 'if':
        case 'with': {
          const inner = [...scope, new Map<string, unknown>()];
          const value = this.#pipeline(node.pipeline, dot, inner);
          const holds = isTruthy(value);
          this.nodes(holds ? node.then : node.else, holds && node.kind === 'with' ? value : dot, inner);
          break;
        }
        case 'break':
          throw new Break();
        case 'continue':
          throw new Continue();
        default:
          node satisfies never;
      }
    }
  }

  #range(node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>, dot: unknown, scope: Scope): void {
    const value = this.#expression(node.pipeline.value, dot, scope);
    const entries = rangeEntries(value);
    if (entries.length === 0) return this.nodes(node.else, dot, scope);
    for (const [key, item] of entries) {
      const names = node.pipeline.declare;
      const variables = new Map<string, unknown>();
      if (names.length === 1) variables.set(names[0] ?? '', item);
      if (names.length === 2) variables.set(names[0] ?? '', key).set(names[1] ?? '', item);
      try {
        this.nodes(node.then, item, [...scope, variables]);
      } catch (error) {
        if (error instanceof Break) return;
        if (!(error instanceof Continue)) throw error;
      }
    }
  }

  #pipeline(pipeline: Pipeline, dot: unknown, scope: Scope): unknown {
    const value = this.#expression(pipeline.value, dot, scope);
    for (const name of pipeline.declare) {
      const holder = pipeline.isAssignment ? scope.findLast((variables) => variables.has(name)) : scope.at(-1);
      holder?.set(name, value);
    }
    return value;
  }

  #expression(expression: Expression, dot: unknown, scope: Scope): unknown {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'dot':
        return dot;
      case 'variable': {
        const holder = scope.findLast((variables) => variables.has(expression.name));
        if (holder === undefined)
          throw invalidParameter(
            'bad-template',
            `template parsing error: template: :1: undefined variable "${expression.name}"`,
          );
        return holder.get(expression.name);
      }
      case 'fields':
        return this.#fields(this.#expression(expression.of, dot, scope), expression.names, expression.where);
      case 'call':
        return this.#call(
          expression.name,
          expression.args.map((arg) => this.#expression(arg, dot, scope)),
          expression.where,
        );
      case 'method': {
        const method = this.#expression(expression.of, dot, scope);
        if (typeof method !== 'function') {
          throw invalidParameter('bad-template', "template parsing error: can't give argument to non-function");
        }
        return (method as TemplateFunction)(...expression.args.map((arg) => this.#expression(arg, dot, scope)));
      }
      case 'pipe':
        return expression.stages.reduce<unknown>((before, stage, i) => {
          if (i === 0) return this.#expression(stage, dot, scope);
          if (stage.kind !== 'call')
            throw invalidParameter('bad-template', 'template parsing error: non executable command in pipeline');
          return this.#call(
            stage.name,
            [...stage.args.map((arg) => this.#expression(arg, dot, scope)), before],
            stage.where,
          );
        }, undefined);
      default:
        return expression satisfies never;
    }
  }

  #call(name: string, args: unknown[], where: Where): unknown {
    const called = this.#functions[name];
    if (called === undefined) throw invalidParameter('bad-template', `function ${JSON.stringify(name)} not defined`);
    try {
      return called(...args);
    } catch (error) {
      if (!isEngineError(error) || error.code !== 'template-call') throw error;
      throw failure(where, `error calling ${name}: ${error.message}`);
    }
  }

  #fields(start: unknown, names: readonly string[], where: Where): unknown {
    let value = start;
    let parent = '';
    for (const name of names) {
      value = this.#field(value, name, parent, where);
      parent = name;
    }
    return value;
  }

  #field(value: unknown, name: string, parent: string, where: Where): unknown {
    const { missing = 'no-value', maps, nilText } = this.#options;
    if (value === undefined) return undefined;
    if (value === null || value instanceof TypedNil) {
      if (missing === 'error' && !(value instanceof TypedNil && maps?.has(parent)))
        throw failure(where, `nil pointer evaluating interface {}.${name}`);
      return undefined;
    }
    if (typeof value !== 'object') throw failure(where, `can't evaluate field ${name} in type interface {}`);
    if (Object.hasOwn(value, name)) {
      const found = (value as Record<string, unknown>)[name];
      return found === null && nilText !== undefined ? new TypedNil(nilText(name)) : found;
    }
    if (missing === 'no-value' || maps?.has(parent)) return undefined;
    throw failure(where, maps === undefined ? `can't evaluate field ${name}` : `map has no entry for key "${name}"`);
  }
}

const failure = (where: Where, message: string): Error =>
  invalidParameter(
    'template-failed',
    `template parsing error: template: :1:${where.at}: executing "" at <${where.text}>: ${message}`,
  );

function rangeEntries(value: unknown): [unknown, unknown][] {
  if (value === null || value === undefined || value instanceof TypedNil) return [];
  if (Array.isArray(value)) return value.map((item, i) => [i, item]);
  if (typeof value === 'number') return Array.from({ length: value }, (_, i) => [i, i]);
  if (typeof value === 'object') return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw invalidParameter('template-failed', `template: :1: range can't iterate over ${formatValue(value)}`);
}
