import { invalidParameter } from '../errors/index.ts';
import { parseLinearRegex } from '../lib/index.ts';
import { DRIVER, isAnonymous, type VolumeRecord } from './record.ts';

/** What filters look at. */
export interface Candidate {
  name: string;
  record: VolumeRecord;
  isUsed: boolean;
}

type Filters = Record<string, string[]>;
type Test = (candidate: Candidate) => boolean;

const LIST_KEYS = ['dangling', 'driver', 'label', 'name'];
const PRUNE_KEYS = ['all', 'label', 'label!'];

/** @throws invalid-parameter `invalid-filter` */
export function listFilter(filters: Filters): Test {
  checkKeys(filters, LIST_KEYS);
  const dangling = booleanOf(filters, 'dangling');
  const drivers = valuesOf(filters, 'driver');
  const names = valuesOf(filters, 'name').map(nameTest);
  const hasLabels = labelTest(valuesOf(filters, 'label'));
  return (candidate) =>
    (dangling === undefined || candidate.isUsed === !dangling) &&
    (drivers.length === 0 || drivers.includes(DRIVER)) &&
    (names.length === 0 || names.some((test) => test(candidate.name))) &&
    hasLabels(candidate);
}

/** Without `all` only anonymous ones. @throws invalid-parameter `invalid-filter` */
export function pruneFilter(filters: Filters): Test {
  checkKeys(filters, PRUNE_KEYS);
  const all = booleanOf(filters, 'all') === true;
  const hasLabels = labelTest(valuesOf(filters, 'label'));
  const without = valuesOf(filters, 'label!');
  const hasUnwanted = labelTest(without);
  return (candidate) =>
    !candidate.isUsed &&
    (all || isAnonymous(candidate.record)) &&
    hasLabels(candidate) &&
    (without.length === 0 || !hasUnwanted(candidate));
}

const valuesOf = (filters: Filters, key: string): string[] => (Object.hasOwn(filters, key) ? (filters[key] ?? []) : []);

function checkKeys(filters: Filters, known: readonly string[]): void {
  for (const key of Object.keys(filters))
    if (!known.includes(key)) throw invalidParameter('invalid-filter', `invalid filter '${key}'`);
}

function booleanOf(filters: Filters, key: string): boolean | undefined {
  const values = valuesOf(filters, key);
  if (values.length === 0) return undefined;
  const isTrue = values.some((value) => value === '1' || value === 'true');
  const isFalse = values.some((value) => value === '0' || value === 'false');
  if (isTrue === isFalse) throw invalidParameter('invalid-filter', `invalid filter '${key}=[${values.join(' ')}]'`);
  return isTrue;
}

/** A pattern, or the name itself where the text is none. */
function nameTest(wanted: string): (name: string) => boolean {
  const pattern = parseLinearRegex(wanted);
  return (name) => name === wanted || pattern?.finds(name) === true;
}

/** Every label: `key`, or `key=value`. */
function labelTest(wanted: readonly string[]): Test {
  return ({ record: { labels } }) =>
    wanted.every((text) => {
      const equals = text.indexOf('=');
      const key = equals < 0 ? text : text.slice(0, equals);
      return labels !== null && Object.hasOwn(labels, key) && (equals < 0 || labels[key] === text.slice(equals + 1));
    });
}
