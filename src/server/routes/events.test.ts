import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEvents } from '../../events/index.ts';
import { openTestServer } from '../testing/test-server.ts';

const actor = { id: 'abc', attributes: { name: 'x', image: 'busybox' } };

test('past events come with the old fields beside the new ones, and `until` in the past closes', async () => {
  const events = createEvents({ now: Date.now });
  events.publish('container', 'start', actor);
  events.publish('network', 'connect', { id: 'net' });
  await using server = await openTestServer({ events });
  const filters = encodeURIComponent(JSON.stringify({ type: { container: true } }));
  const answer = await server.ask(
    'GET',
    `/events?since=1&until=${Math.floor(Date.now() / 1000) + 1}&filters=${filters}`,
  );
  assert.equal(answer.headers['content-type'], 'application/json');
  const event = JSON.parse(answer.text) as Record<string, unknown>;
  assert.equal(answer.text.endsWith('}\n'), true);
  assert.deepEqual(
    { ...event, time: 0, timeNano: 0 },
    {
      status: 'start',
      id: 'abc',
      from: 'busybox',
      Type: 'container',
      Action: 'start',
      Actor: { ID: 'abc', Attributes: { name: 'x', image: 'busybox' } },
      scope: 'local',
      time: 0,
      timeNano: 0,
    },
  );
});

test('the head goes out before anything happens, then each event at once', async () => {
  const events = createEvents({ now: Date.now });
  await using server = await openTestServer({ events });
  const socket = await server.connect();
  let got = '';
  socket.on('data', (chunk) => {
    got += String(chunk);
  });
  socket.write('GET /events HTTP/1.1\r\nHost: d\r\n\r\n');
  while (!got.includes('\r\n\r\n')) await sleep(2);
  events.publish('container', 'die', actor);
  while (!got.includes('"Action":"die"')) await sleep(2);
  socket.destroy();
});

test('a filter that events do not have is refused', async () => {
  await using server = await openTestServer({ events: createEvents({ now: Date.now }) });
  const { status, json } = await server.ask('GET', `/events?filters=${encodeURIComponent('{"foo":["x"]}')}`);
  assert.deepEqual([status, json], [400, { message: "invalid filter 'foo'" }]);
});
