import { invalidParameter, systemError } from '../../errors/index.ts';
import type { Container } from '../container.ts';
import type { Context } from '../context.ts';
import { parsePort } from '../ports.ts';
import { STATUSES } from '../state.ts';
import { parseTime } from '../time.ts';
import { endpointsOf, portsOf } from './describe.ts';
import { compileName } from './name-pattern.ts';

export type Filters = Record<string, string[]>;
type Test = (container: Container) => boolean;
type Needs = Pick<Context, 'directory' | 'images' | 'networks'>;

const HEALTH = ['none', 'starting', 'healthy', 'unhealthy'];
const NO_ISOLATION = ['', 'default'];

/** Each key's test. Values of a key are alternatives, keys (and labels) must all hold. */
const TESTS: Record<string, (values: string[], needs: Needs) => Test> = {
  ancestor: (values, { images }) => {
    const ids = new Set(values.map((value) => images.find(value)?.id ?? value));
    return ({ record }) => ids.has(record.imageId) || ancestry(record.imageId, images).some((id) => ids.has(id));
  },
  before: (values, { directory }) => {
    const times = values.map((value) => parseTime(directory.get(value).record.created));
    return ({ record }) => times.some((time) => parseTime(record.created) < time);
  },
  since: (values, { directory }) => {
    const times = values.map((value) => parseTime(directory.get(value).record.created));
    return ({ record }) => times.some((time) => parseTime(record.created) > time);
  },
  exited: (values) => {
    const codes = new Set(values.map((value) => integer('exited', value)));
    return ({ record }) => codes.has(record.state.exitCode) && record.state.status === 'exited';
  },
  expose: (values) => {
    const wanted = portSet('expose', values);
    return ({ record }) => Object.keys(record.config.ExposedPorts ?? {}).some((port) => wanted.has(withProtocol(port)));
  },
  publish: (values) => {
    const wanted = portSet('publish', values);
    return (container) =>
      Object.entries(portsOf(container)).some(
        ([port, bindings]) => (bindings ?? []).length > 0 && wanted.has(withProtocol(port)),
      );
  },
  health: (values) => {
    for (const value of values)
      if (!HEALTH.includes(value))
        throw badValue('health', value, `invalid value for health (${value}): must be one of ${HEALTH.join(', ')}`);
    return () => values.includes('none');
  },
  id: (values) => {
    const tests = values.map(compileName);
    return ({ id }) => tests.some((test) => test(id)) || values.some((value) => value !== '' && id.startsWith(value));
  },
  'is-task': (values) => {
    const isWanted = values.some((value) => value === 'false' || value === '0');
    return () => isWanted;
  },
  isolation: (values) => () => values.some((value) => NO_ISOLATION.includes(value)),
  label:
    (values) =>
    ({ record }) =>
      values.every((value) => hasLabel(record.config.Labels ?? {}, value)),
  'label!':
    (values) =>
    ({ record }) =>
      !values.some((value) => hasLabel(record.config.Labels ?? {}, value)),
  name: (values) => {
    const tests = values.map(compileName);
    return ({ record }) => tests.some((test) => test(record.name) || test(`/${record.name}`));
  },
  network: (values, { networks }) => {
    const wanted = new Set(values.flatMap((value) => [value, networks.find(value)?.name ?? value]));
    return (container) => Object.keys(endpointsOf(container)).some((name) => wanted.has(name));
  },
  status: (values) => {
    for (const value of values) {
      if (!(STATUSES as readonly string[]).includes(value)) {
        throw badValue('status', value, `invalid value for state (${value}): must be one of ${STATUSES.join(', ')}`);
      }
    }
    return ({ record }) => values.includes(record.state.status);
  },
  volume:
    (values) =>
    ({ record }) =>
      record.mounts.some(({ name, source, destination }) =>
        values.some((value) => value === name || value === destination || (name === '' && value === source)),
      ),
};

const LIST_KEYS = Object.keys(TESTS).filter((key) => key !== 'label!');

/** @throws invalid-parameter `invalid-filter` with Docker's texts; not-found for `before` and `since` */
export function compileFilters(filters: Filters, needs: Needs, keys: readonly string[] = LIST_KEYS): Test {
  const tests: Test[] = [];
  for (const [key, values] of Object.entries(filters)) {
    if (!keys.includes(key)) throw invalidParameter('invalid-filter', `invalid filter '${key}'`);
    const make = Object.hasOwn(TESTS, key) ? TESTS[key] : undefined;
    if (make !== undefined && values.length > 0) tests.push(make(values, needs));
  }
  return (container) => tests.every((test) => test(container));
}

export function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  const key = at === -1 ? wanted : wanted.slice(0, at);
  return Object.hasOwn(labels, key) && (at === -1 || labels[key] === wanted.slice(at + 1));
}

function ancestry(imageId: string, images: Needs['images']): string[] {
  const ids: string[] = [];
  for (let image = images.find(imageId); image?.parent !== undefined; image = images.find(image.parent)) {
    if (ids.includes(image.parent)) break;
    ids.push(image.parent);
  }
  return ids;
}

function integer(key: string, value: string): number {
  if (/^[+-]?[0-9]+$/.test(value)) return Number(value);
  throw badValue(key, value, `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
}

const withProtocol = (port: string): string => (port.includes('/') ? port : `${port}/tcp`);

function portSet(key: string, values: readonly string[]): Set<string> {
  const ports = new Set<string>();
  for (const value of values) {
    const [range = '', protocol = 'tcp'] = value.split('/');
    const [from = '', to = from] = range.split('-');
    for (const end of [from, to]) {
      if (/^[0-9]+$/.test(end)) continue;
      const reason = `strconv.ParseUint: parsing ${JSON.stringify(end)}: invalid syntax`;
      throw systemError('invalid-filter', `error while looking up for ${key} ${value}: ${reason}`);
    }
    for (let port = parsePort(from); port <= parsePort(to); port++) ports.add(`${port}/${protocol}`);
  }
  return ports;
}

function badValue(key: string, value: string, reason: string): Error {
  return invalidParameter('invalid-filter', `invalid filter '${key}=${value}': ${reason}`);
}
