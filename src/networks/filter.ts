import { invalidParameter } from '../errors/index.ts';
import type { NetworkRecord } from './record.ts';

const NAMES = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];
const TYPES = ['builtin', 'custom'];
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** Which networks `GET /networks?filters=` asks for. Different filters must all hold, values of one are alternatives. @throws invalid-parameter */
export function networkFilter(filters: Record<string, string[]>): (network: NetworkRecord) => boolean {
  for (const name of Object.keys(filters)) {
    if (!NAMES.includes(name)) throw invalidParameter('invalid-filter', `invalid filter '${name}'`);
  }
  const { name, id, driver, scope, type, label, dangling } = filters;
  for (const value of type ?? []) {
    if (!TYPES.includes(value)) throw invalidParameter('invalid-filter', `invalid filter: 'type'='${value}'`);
  }
  const [isDangling] = dangling ?? [];
  if (isDangling !== undefined && !TRUE.includes(isDangling) && !FALSE.includes(isDangling)) {
    throw invalidParameter('invalid-filter', `invalid value for filter 'dangling': ${JSON.stringify(isDangling)}`);
  }
  const any = (values: string[] | undefined, matches: (value: string) => boolean): boolean =>
    values === undefined || values.length === 0 || values.some(matches);
  return (network) =>
    any(name, (value) => network.name.includes(value)) &&
    any(id, (value) => network.id.includes(value)) &&
    any(driver, (value) => network.driver === value) &&
    any(scope, (value) => value === 'local') &&
    any(type, (value) => value === 'builtin') &&
    // Predefined networks have no labels, and are never dangling.
    (label === undefined || label.length === 0) &&
    (isDangling === undefined || FALSE.includes(isDangling));
}
