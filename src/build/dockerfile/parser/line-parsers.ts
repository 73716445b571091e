import type { Node, Range } from '../contract.ts';
import { dockerfileError } from '../errors.ts';
import { quote } from './quote.ts';
import { cutBlank, isSpace, splitBlank, trimSpaceStart } from './space.ts';
import { splitCommand } from './split-command.ts';
import { parseWords } from './words.ts';

export interface LineContext {
  escapeToken: string;
  range: Range;
  /** How many ONBUILDs stand around this line. */
  depth: number;
}

interface Arguments {
  next?: Node;
  isJson?: boolean;
}

type LineParser = (args: string, context: LineContext) => Arguments;

/** How the arguments of each instruction are read. */
const parsers: Record<string, LineParser> = {
  add: jsonOrList,
  arg: (args, context) => chain(parseWords(args, context.escapeToken)),
  cmd: jsonOrText,
  copy: jsonOrList,
  entrypoint: jsonOrText,
  env: (args, context) => nameValues('ENV', args, context),
  expose: list,
  from: list,
  healthcheck: health,
  label: (args, context) => nameValues('LABEL', args, context),
  maintainer: text,
  onbuild: subInstruction,
  run: jsonOrText,
  shell: jsonOrText,
  stopsignal: text,
  user: text,
  volume: jsonOrList,
  workdir: text,
};

export const instructionNames: readonly string[] = Object.keys(parsers);

export function makeNode(value: string, range: Range): Node {
  return { value, children: [], heredocs: [], attributes: {}, original: '', flags: [], range, prevComment: [] };
}

/** One logical line → its node. An unknown instruction keeps only its name; it is refused later, with its line. */
export function parseLine(line: string, context: LineContext): Node {
  const { command, flags, args } = splitCommand(line, context.escapeToken);
  const parser = Object.hasOwn(parsers, command.toLowerCase()) ? parsers[command.toLowerCase()] : undefined;
  const { next, isJson } = parser === undefined ? { next: makeNode('', context.range) } : parser(args, context);
  const node = makeNode(command, context.range);
  node.original = line;
  node.flags = flags;
  if (next !== undefined) node.next = next;
  if (isJson === true) node.attributes['json'] = true;
  return node;
}

/** Arguments are many, and have nothing but a value: they share these. */
const nothing: never[] = [];
const noAttributes: Record<string, boolean> = {};
Object.freeze(nothing);
Object.freeze(noAttributes);

function makeArgument(value: string): Node {
  return {
    value,
    children: nothing,
    heredocs: nothing,
    attributes: noAttributes,
    original: '',
    flags: nothing,
    range: noRange,
    prevComment: nothing,
  };
}

/** Arguments have no place of their own: the instruction has it. */
const noRange: Range = Object.freeze({ startLine: 0, endLine: 0 });

/** A linked list of values. */
function chain(values: readonly string[]): Arguments {
  let next: Node | undefined;
  for (let at = values.length - 1; at >= 0; at--) {
    const node = makeArgument(values[at] ?? '');
    if (next !== undefined) node.next = next;
    next = node;
  }
  return next === undefined ? {} : { next };
}

function text(args: string): Arguments {
  return args === '' ? {} : chain([args]);
}

function list(args: string): Arguments {
  return args === '' ? {} : chain(splitBlank(args));
}

/** The exec form, if it is one: a JSON array, whole. An array of other things than strings is refused. */
function json(args: string): Arguments | undefined {
  const source = trimSpaceStart(args);
  if (!source.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const words = value.filter((word) => typeof word === 'string');
  if (words.length !== value.length) {
    throw dockerfileError('when using JSON array syntax, arrays must be comprised of strings only');
  }
  return { ...chain(words.map((word) => word.toWellFormed())), isJson: true };
}

function jsonOrText(args: string): Arguments {
  return args === '' ? {} : (json(args) ?? text(args));
}

function jsonOrList(args: string): Arguments {
  return json(args) ?? list(args);
}

/** `k=v k=v …`, or the old `k v`: the first word decides. Each pair is key, value, separator. */
function nameValues(instruction: string, args: string, context: LineContext): Arguments {
  const words = parseWords(args, context.escapeToken);
  const first = words[0];
  if (first === undefined) return {};
  if (!first.includes('=')) {
    const [key, value] = cutBlank(args);
    if (value === undefined) throw dockerfileError(`${instruction} must have two arguments`);
    return chain([key, value, '']);
  }
  return chain(
    words.flatMap((word) => {
      const equals = word.indexOf('=');
      if (equals === -1) {
        throw dockerfileError(`Syntax error - can't find = in ${quote(word)}. Must be of the form: name=value`);
      }
      return [word.slice(0, equals), word.slice(equals + 1), '='];
    }),
  );
}

/** `HEALTHCHECK [flags] TYPE rest`. */
function health(args: string): Arguments {
  let end = 0;
  while (end < args.length && !isSpace(args.charCodeAt(end))) end++;
  if (end === 0) return {};
  const rest = jsonOrText(trimSpaceStart(args.slice(end)));
  const type = makeArgument(args.slice(0, end));
  if (rest.next !== undefined) type.next = rest.next;
  return { next: type, isJson: rest.isJson === true };
}

function subInstruction(args: string, context: LineContext): Arguments {
  if (args === '') return {};
  // ONBUILD ONBUILD is refused later; reading on would only let a hostile line nest without end.
  const [name] = cutBlank(args);
  const isChained = context.depth > 0 && name.toLowerCase() === 'onbuild';
  const child = isChained ? makeNode(name, context.range) : parseLine(args, { ...context, depth: context.depth + 1 });
  const next = makeNode('', context.range);
  next.children.push(child);
  return { next };
}
