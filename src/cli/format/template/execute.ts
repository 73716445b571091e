import { invalidParameter } from '../../../errors/index.ts';
import { type TemplateFunction, templateFunctions } from './functions.ts';
import { type Expression, type Pipeline, parseTemplate, type TemplateNode } from './parse.ts';
import { formatValue, isTruthy } from './value.ts';

type Scope = Map<string, unknown>[];

/** How a name that the data lacks is met: an error (objects with known fields) or `<no value>` (maps, docker inspect's raw JSON). */
export interface TemplateOptions {
  functions?: Record<string, TemplateFunction>;
  missing?: 'error' | 'no-value';
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
    const run = new Run(functions, options.missing ?? 'no-value');
    run.nodes(nodes, data, [new Map([['$', data]])]);
    return run.out.join('');
  };
}

class Run {
  readonly out: string[] = [];
  readonly #functions: Record<string, TemplateFunction>;
  readonly #missing: 'error' | 'no-value';

  constructor(functions: Record<string, TemplateFunction>, missing: 'error' | 'no-value') {
    this.#functions = functions;
    this.#missing = missing;
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
        return expression.names.reduce(
          (value, name) => this.#field(value, name),
          this.#expression(expression.of, dot, scope),
        );
      case 'call':
        return this.#call(
          expression.name,
          expression.args.map((arg) => this.#expression(arg, dot, scope)),
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
          return this.#call(stage.name, [...stage.args.map((arg) => this.#expression(arg, dot, scope)), before]);
        }, undefined);
      default:
        return expression satisfies never;
    }
  }

  #call(name: string, args: unknown[]): unknown {
    const called = this.#functions[name];
    if (called === undefined) throw invalidParameter('bad-template', `function ${JSON.stringify(name)} not defined`);
    return called(...args);
  }

  #field(value: unknown, name: string): unknown {
    if (value !== null && typeof value === 'object' && Object.hasOwn(value, name))
      return (value as Record<string, unknown>)[name];
    if (this.#missing === 'error' && value !== null && typeof value === 'object') {
      throw invalidParameter(
        'template-failed',
        `template: :1:2: executing "" at <.${name}>: can't evaluate field ${name}`,
      );
    }
    if (value === null || value === undefined) {
      if (this.#missing === 'error')
        throw invalidParameter(
          'template-failed',
          `template: :1:2: executing "" at <.${name}>: nil pointer evaluating .${name}`,
        );
      return undefined;
    }
    if (typeof value !== 'object') {
      throw invalidParameter(
        'template-failed',
        `template: :1:2: executing "" at <.${name}>: can't evaluate field ${name} in type ${typeof value}`,
      );
    }
    return undefined;
  }
}

function rangeEntries(value: unknown): [unknown, unknown][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item, i) => [i, item]);
  if (typeof value === 'number') return Array.from({ length: value }, (_, i) => [i, i]);
  if (typeof value === 'object') return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw invalidParameter('template-failed', `template: :1: range can't iterate over ${formatValue(value)}`);
}
