import { readFileSync } from 'node:fs';
import { messageOf } from '../errors/index.ts';
import { StartError } from './errors.ts';
import { DOCKER_ONLY_KEYS, OPTIONS, type OptionKind } from './options.ts';
import type { Given } from './parse-flags.ts';

/**
 * Reads daemon.json. A file that is not there says nothing, unless it was asked for by name. @throws StartError for what
 * is no JSON, for a key that nobody knows, and for one of Docker's that Berth does not honour
 */
export function parseConfigFile(path: string, isAskedFor: boolean): Given {
  const refuse = (why: string): StartError =>
    new StartError(`unable to configure the Berth daemon with file ${path}: ${why}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !isAskedFor) return new Map();
    throw refuse(messageOf(error));
  }
  if (text.trim() === '') return new Map();
  return parseConfigText(text, refuse);
}

export function parseConfigText(text: string, refuse: (why: string) => Error): Given {
  let decoded: unknown;
  try {
    decoded = JSON.parse(text);
  } catch (error) {
    throw refuse(`invalid JSON: ${messageOf(error)}`);
  }
  if (typeof decoded !== 'object' || decoded === null || Array.isArray(decoded))
    throw refuse('it must hold one object');
  const entries = Object.entries(decoded);
  const unknown = entries.map(([key]) => key).filter((key) => !isKnown(key) && !DOCKER_ONLY_KEYS.has(key));
  if (unknown.length > 0) {
    throw refuse(`the following directives don't match any configuration option: ${unknown.sort().join(', ')}`);
  }
  const unhonoured = entries.map(([key]) => key).filter((key) => DOCKER_ONLY_KEYS.has(key));
  if (unhonoured.length > 0) {
    throw refuse(`the following directives are not supported yet by Berth: ${unhonoured.sort().join(', ')}`);
  }
  const given: Given = new Map();
  for (const [key, value] of entries) {
    const option = OPTIONS.find((each) => each.key === key);
    if (option === undefined) continue;
    if (!isOfKind(value, option.kind))
      throw refuse(`${key}: ${JSON.stringify(value)} is not a ${KIND_NAMES[option.kind]}`);
    given.set(key, value);
  }
  return given;
}

const KIND_NAMES: Record<OptionKind, string> = {
  text: 'string',
  flag: 'boolean',
  list: 'list of strings',
  whole: 'whole number',
  map: 'object',
};

function isKnown(key: string): boolean {
  return OPTIONS.some((option) => option.key === key && key !== '');
}

function isOfKind(value: unknown, kind: OptionKind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
    case 'whole':
      return Number.isInteger(value);
    case 'map':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
  return kind satisfies never;
}
