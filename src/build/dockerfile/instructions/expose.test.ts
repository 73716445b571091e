import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseExposedPorts } from './expose.ts';
import { checkStopSignal } from './stop-signal.ts';

describe('EXPOSE ports', () => {
  const cases: [string, string[] | string][] = [
    ['80', ['80/tcp']],
    ['80-82/UDP', ['80/udp', '81/udp', '82/udp']],
    ['127.0.0.1:8080:80', ['80/tcp']],
    ['[::1]:1:2/sctp', ['2/sctp']],
    ['foo', 'invalid containerPort: foo'],
    ['70000', 'invalid containerPort: 70000'],
    ['90-80', 'invalid containerPort: 90-80'],
    ['80/foo', 'invalid port: "80/foo": invalid proto: foo'],
    ['/tcp', 'invalid port: "/tcp": no port specified'],
    ['x:80', 'invalid hostPort: x'],
    ['1-3:80-81', 'invalid ranges specified for container and host Ports: 80-81 and 1-3'],
    ['x:1:80', 'invalid IP address: x'],
  ];
  for (const [word, expected] of cases) {
    it(word, () => {
      if (typeof expected === 'string') assert.throws(() => parseExposedPorts([word]), { message: expected });
      else assert.deepEqual(parseExposedPorts([word]), expected);
    });
  }
});

it('knows signals', () => {
  for (const good of ['9', 'SIGTERM', 'term', 'RTMIN+3', 'SIGRTMAX-1']) checkStopSignal(good);
  for (const bad of ['', '0', 'FOO', '-1', 'RTMIN+16', 'RTMAX+1']) {
    assert.throws(() => checkStopSignal(bad), { message: `invalid signal: ${bad}` });
  }
});
