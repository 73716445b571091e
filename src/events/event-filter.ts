import type { EventMessage } from '../api/index.ts';
import { invalidParameter } from '../errors/index.ts';

type Test = (event: EventMessage, values: readonly string[]) => boolean;

const attributesOf = (event: EventMessage): Record<string, string> => event.Actor?.Attributes ?? {};
const isOneOf = (values: readonly string[], text: string | undefined): boolean =>
  text !== undefined && values.includes(text);

/** The actor's id or name begins with one of the values; Docker takes a prefix for both. */
const nameOrIdPrefix: Test = (event, values) => {
  const name = Object.hasOwn(attributesOf(event), 'name') ? attributesOf(event).name : undefined;
  return values.some((value) => event.Actor?.ID?.startsWith(value) === true || name?.startsWith(value) === true);
};

const ofType =
  (type: string): Test =>
  (event, values) =>
    event.Type === type && nameOrIdPrefix(event, values);

/** `exec_create` also stands for `exec_create: true`, `health_status` for `health_status: healthy`. */
const action: Test = (event, values) =>
  values.some((value) => event.Action === value || event.Action?.startsWith(`${value}:`) === true);

/** By id or name; a name without its tag matches too. Other actors carry the image's name as an attribute. */
const image: Test = (event, values) => {
  const name = event.Type === 'image' ? attributesOf(event).name : attributesOf(event).image;
  return [event.Actor?.ID, name].some((text) => isOneOf(values, text) || isOneOf(values, withoutTag(text)));
};

function withoutTag(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const base = name.split('@')[0] ?? name;
  const colon = base.lastIndexOf(':');
  return colon > base.lastIndexOf('/') ? base.slice(0, colon) : base;
}

/** Every label asked for must be there: `key`, or `key=value`. */
const label: Test = (event, values) => {
  const attributes = attributesOf(event);
  return values.every((wanted) => {
    const equals = wanted.indexOf('=');
    const key = equals < 0 ? wanted : wanted.slice(0, equals);
    return Object.hasOwn(attributes, key) && (equals < 0 || attributes[key] === wanted.slice(equals + 1));
  });
};

const tests: Record<string, Test> = {
  config: ofType('config'),
  container: ofType('container'),
  daemon: ofType('daemon'),
  event: action,
  image,
  label,
  network: ofType('network'),
  node: ofType('node'),
  plugin: ofType('plugin'),
  scope: (event, values) => isOneOf(values, event.scope),
  secret: ofType('secret'),
  service: ofType('service'),
  type: (event, values) => isOneOf(values, event.Type),
  volume: ofType('volume'),
};

/**
 * Whether an event passes `filters`: one value of each key must hold (of `label`, all).
 * @throws invalid-parameter `invalid-filter` for a key that events do not have
 */
export function eventFilter(filters: Record<string, string[]>): (event: EventMessage) => boolean {
  const wanted = Object.entries(filters).map(([key, values]) => {
    const test = Object.hasOwn(tests, key) ? tests[key] : undefined;
    if (test === undefined) throw invalidParameter('invalid-filter', `invalid filter '${key}'`);
    return { test, values };
  });
  const active = wanted.filter(({ values }) => values.length > 0);
  return (event) => active.every(({ test, values }) => test(event, values));
}
