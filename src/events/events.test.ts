import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEvents, eventFilter, legacyFields } from './index.ts';

const START_MS = 1_795_231_890_591.5;
const until = new AbortController().signal;

const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
};

test('a past until closes the stream after what the ring holds', async () => {
  let ms = START_MS;
  const events = createEvents({ now: () => ms });
  for (let i = 0; i < 300; i++) events.publish('container', 'start', { id: `c${i}` });
  ms += 10_000;
  const all = await collect(events.subscribe({ untilNs: BigInt(Math.floor(ms)) * 1_000_000n - 1n }, until));
  assert.equal(all.length, 256);
  assert.equal(all.at(-1)?.Actor?.ID, 'c299');
  assert.equal(all[0]?.time, 1_795_231_890);
});

test('times rise strictly although the clock stands', async () => {
  const events = createEvents({ now: () => START_MS });
  for (let i = 0; i < 20; i++) events.publish('container', 'start', { id: `c${i}` });
  const all = await collect(events.subscribe({ untilNs: 1n + BigInt(START_MS * 1e6 + 1e6) }, AbortSignal.abort()));
  const times = all.map((event) => event.timeNano ?? 0);
  assert.equal(new Set(times).size, 20);
  assert.deepEqual(
    times.toSorted((a, b) => a - b),
    times,
  );
});

test('since is inclusive, live events follow, abort ends', async () => {
  let ms = START_MS;
  const events = createEvents({ now: () => ms });
  events.publish('volume', 'create', { id: 'old' });
  ms += 1000;
  const sinceNs = BigInt(Math.floor(ms)) * 1_000_000n + 500_000n;
  events.publish('volume', 'create', { id: 'exact' });
  const abort = new AbortController();
  const reading = collect(events.subscribe({ sinceNs }, abort.signal));
  events.publish('volume', 'destroy', { id: 'live' });
  await new Promise(setImmediate);
  abort.abort();
  events.publish('volume', 'destroy', { id: 'late' });
  assert.deepEqual(
    (await reading).map((event) => event.Actor?.ID),
    ['exact', 'live'],
  );
});

test('without since and until the ring is not replayed', async () => {
  const events = createEvents({ now: Date.now });
  events.publish('volume', 'create', { id: 'old' });
  const abort = new AbortController();
  const reading = collect(events.subscribe({}, abort.signal));
  events.publish('volume', 'create', { id: 'new' });
  await new Promise(setImmediate);
  abort.abort();
  assert.deepEqual(
    (await reading).map((event) => event.Actor?.ID),
    ['new'],
  );
});

test('a subscriber 1,024 behind is ended, others are not', async () => {
  const events = createEvents({ now: Date.now });
  const slow = events.subscribe({}, until);
  const seen: string[] = [];
  const stop = events.listen((event) => seen.push(event.Actor?.ID ?? ''));
  for (let i = 0; i < 1100; i++) events.publish('container', 'start', { id: `c${i}` });
  assert.equal((await collect(slow)).length, 1024);
  assert.equal(seen.length, 1100);
  stop();
  events.publish('container', 'start', { id: 'x' });
  assert.equal(seen.length, 1100);
});

const container = {
  Type: 'container',
  Action: 'exec_create: sh -c true',
  scope: 'local',
  Actor: { ID: 'abcdef', Attributes: { image: 'busybox:1.36', name: 'web', a: 'b' } },
} as const;
const image = {
  Type: 'image',
  Action: 'tag',
  Actor: { ID: 'sha256:12', Attributes: { name: 'localhost:5000/x:1' } },
} as const;

for (const [filters, onContainer, onImage] of [
  [{}, true, true],
  [{ type: ['container', 'volume'] }, true, false],
  [{ event: ['exec_create'] }, true, false],
  [{ event: ['exec'] }, false, false],
  [{ event: ['exec_create: sh -c true', 'tag'] }, true, true],
  [{ container: ['web'] }, true, false],
  [{ container: ['abc'] }, true, false],
  [{ container: ['bcd'] }, false, false],
  [{ image: ['busybox'] }, true, false],
  [{ image: ['busybox:1.36'] }, true, false],
  [{ image: ['busybox:2'] }, false, false],
  [{ image: ['localhost:5000/x'] }, false, true],
  [{ image: ['sha256:12'] }, false, true],
  [{ label: ['a'] }, true, false],
  [{ label: ['a=b', 'image=busybox:1.36'] }, true, false],
  [{ label: ['a=c'] }, false, false],
  [{ label: ['constructor'] }, false, false],
  [{ type: ['container'], event: ['tag'] }, false, false],
  [{ scope: ['local'] }, true, false],
] as [Record<string, string[]>, boolean, boolean][]) {
  test(`filter ${JSON.stringify(filters)}`, () => {
    const matches = eventFilter(filters);
    assert.deepEqual([matches(container), matches(image)], [onContainer, onImage]);
  });
}

test('an unknown filter key is refused', () => {
  for (const key of ['foo', 'constructor'])
    assert.throws(() => eventFilter({ [key]: ['x'] }), { message: `invalid filter '${key}'` });
});

test('legacy fields', () => {
  assert.deepEqual(legacyFields(container), { status: container.Action, id: 'abcdef', from: 'busybox:1.36' });
  assert.deepEqual(legacyFields(image), { status: 'tag', id: 'sha256:12' });
  assert.deepEqual(legacyFields({ Type: 'network', Action: 'connect', Actor: { ID: 'n' } }), {});
});
