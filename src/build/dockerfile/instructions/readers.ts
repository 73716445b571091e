import type { Instruction, KeyValue } from '../contract.ts';
import { dockerfileError, unknownWord } from '../errors.ts';
import { instructionNames } from '../parser/line-parsers.ts';
import { trimSpace } from '../parser/space.ts';
import { readAdd, readCopy } from './copy.ts';
import { Flags } from './flags.ts';
import { readHealthcheck } from './healthcheck.ts';
import type { Request } from './request.ts';
import { readCommand, readRun } from './run.ts';

type WithoutBase<T> = T extends unknown ? Omit<T, 'range' | 'original' | 'flagNames'> : never;

/** An instruction without its place in the file. */
export type InstructionBody = WithoutBase<Instruction>;

type Reader = (request: Request) => InstructionBody;

/** One reader per instruction, FROM aside: arguments and flags checked, nothing expanded. */
const readers: Readonly<Record<string, Reader>> = {
  add: readAdd,
  arg: readArg,
  cmd: withoutFlags((request) => ({ kind: 'cmd', command: readCommand(request) })),
  copy: readCopy,
  entrypoint: withoutFlags((request) => ({ kind: 'entrypoint', command: readCommand(request) })),
  env: withoutFlags((request) => ({ kind: 'env', pairs: readPairs('ENV', request.args) })),
  // Docker sorts the ports, and its histories show them so.
  expose: withoutFlags((request) => ({ kind: 'expose', ports: atLeastOne('EXPOSE', request).toSorted(byCodePoint) })),
  healthcheck: readHealthcheck,
  label: withoutFlags((request) => ({ kind: 'label', pairs: readPairs('LABEL', request.args) })),
  maintainer: withoutFlags((request) => ({ kind: 'maintainer', maintainer: exactlyOne('MAINTAINER', request) })),
  onbuild: readOnbuild,
  run: readRun,
  shell: withoutFlags(readShell),
  // Docker takes flags here without a word.
  stopsignal: (request) => ({ kind: 'stopsignal', signal: exactlyOne('STOPSIGNAL', request) }),
  user: withoutFlags((request) => ({ kind: 'user', user: exactlyOne('USER', request) })),
  volume: withoutFlags((request) => ({ kind: 'volume', paths: atLeastOne('VOLUME', request).map(readVolume) })),
  workdir: withoutFlags((request) => ({ kind: 'workdir', path: exactlyOne('WORKDIR', request) })),
};

/** A node that is not FROM → its instruction. */
export function readInstruction(request: Request): Instruction {
  const name = request.name.toLowerCase();
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (reader === undefined) {
    const names = instructionNames.map((known) => known.toUpperCase());
    throw unknownWord(`unknown instruction: ${request.name}`, request.name, names, false);
  }
  const flagNames = request.flags.map((flag) => flag.slice(2).split('=', 1)[0] ?? '');
  const base = { range: request.range, original: request.original, flagNames: [...new Set(flagNames)] };
  return { ...base, ...reader(request) };
}

function withoutFlags(reader: Reader): Reader {
  return (request) => {
    new Flags(request.flags, {});
    return reader(request);
  };
}

function exactlyOne(name: string, request: Request): string {
  const [first, ...more] = request.args;
  if (first === undefined || more.length > 0) throw dockerfileError(`${name} requires exactly one argument`);
  return first;
}

function atLeastOne(name: string, request: Request): string[] {
  if (request.args.length === 0) throw dockerfileError(`${name} requires at least one argument`);
  return request.args;
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The parser gives three values a pair: key, value, and the `=` that was or was not there. */
function readPairs(name: string, args: readonly string[]): KeyValue[] {
  if (args.length === 0) throw dockerfileError(`${name} requires at least one argument`);
  const pairs: KeyValue[] = [];
  for (let at = 0; at + 2 < args.length; at += 3) {
    const key = args[at] ?? '';
    if (key === '') throw dockerfileError(`${name} names can not be blank`);
    pairs.push({ key, value: args[at + 1] ?? '', ...(args[at + 2] === '' ? { isLegacy: true } : {}) });
  }
  return pairs;
}

function readArg(request: Request): InstructionBody {
  const args = atLeastOne('ARG', request).map((arg) => {
    const equals = arg.indexOf('=');
    if (equals === 0) throw dockerfileError('ARG names can not be blank');
    return equals === -1 ? { key: arg } : { key: arg.slice(0, equals), value: arg.slice(equals + 1) };
  });
  return { kind: 'arg', args };
}

function readShell(request: Request): InstructionBody {
  atLeastOne('SHELL', request);
  if (!request.isJson) throw dockerfileError('SHELL requires the arguments to be in JSON form');
  return { kind: 'shell', shell: request.args };
}

function readVolume(path: string): string {
  const trimmed = trimSpace(path);
  if (trimmed === '') throw dockerfileError('VOLUME specified can not be an empty string');
  return trimmed;
}

/** The expression is kept as it is written, heredocs included: it is read again by the build that inherits it. */
function readOnbuild(request: Request): InstructionBody {
  const trigger = trimSpace(atLeastOne('ONBUILD', request)[0] ?? '').toUpperCase();
  new Flags(request.flags, {});
  if (trigger === 'ONBUILD') throw dockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === 'FROM' || trigger === 'MAINTAINER') {
    throw dockerfileError(`${trigger} isn't allowed as an ONBUILD trigger`);
  }
  const line = request.original.replace(/^\s*ONBUILD\s*/i, '');
  const bodies = request.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`);
  return { kind: 'onbuild', expression: line + bodies.join('') };
}
