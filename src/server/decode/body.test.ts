import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestServer } from '../testing/test-server.ts';

const VOLUME = { Name: 'v', Driver: 'local', Mountpoint: '/v', Labels: {}, Scope: 'local', Options: {} } as const;
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Bodies of `POST /containers/create` and dockerd 28's answer to each. */
const REFUSED: [body: string, message: string][] = [
  ['', 'invalid JSON: got EOF while reading request body'],
  ['{', 'invalid JSON: unexpected EOF'],
  ['{"a":1} {', 'unexpected content after JSON'],
  ['{"a":tru}', "invalid JSON: invalid character '}' in literal true (expecting 'e')"],
  ['{"a" 1}', "invalid JSON: invalid character '1' after object key"],
  ['[1,]', "invalid JSON: invalid character ']' looking for beginning of value"],
  ['{,}', "invalid JSON: invalid character ',' looking for beginning of object key string"],
  ['null', 'config cannot be empty in order to create a container'],
  ['{}', 'config cannot be empty in order to create a container'],
  ['[]', 'invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest'],
  ['{"Image":1}', 'invalid JSON: json: cannot unmarshal number into Go struct field .Image of type string'],
  ['{"Tty":"x"}', 'invalid JSON: json: cannot unmarshal string into Go struct field .Tty of type bool'],
  [
    '{"HostConfig":{"Memory":9007199254740993.5}}',
    'invalid JSON: json: cannot unmarshal number 9007199254740993.5 into Go struct field .HostConfig.Memory of type int64',
  ],
  [
    '{"HostConfig":{"Memory":9223372036854775808}}',
    'invalid JSON: json: cannot unmarshal number 9223372036854775808 into Go struct field .HostConfig.Memory of type int64',
  ],
  [
    '{"HostConfig":{"Memory":"x"}}',
    'invalid JSON: json: cannot unmarshal string into Go struct field .HostConfig.Memory of type int64',
  ],
  [
    '{"HostConfig":{"Binds":1}}',
    'invalid JSON: json: cannot unmarshal number into Go struct field .HostConfig.Binds of type []string',
  ],
  [
    '{"HostConfig":{"Mounts":[{"BindOptions":{"NonRecursive":1}}]}}',
    'invalid JSON: json: cannot unmarshal number into Go struct field .HostConfig.Mounts.0.BindOptions.NonRecursive of type bool',
  ],
];

test('broken and mistyped bodies are refused in dockerd’s words', async () => {
  await using server = await openTestServer({});
  for (const [body, message] of REFUSED) {
    const answer = await server.ask('POST', '/containers/create', { headers: JSON_TYPE, body });
    assert.deepEqual([answer.status, answer.json], [400, { message }], body);
  }
});

test('the content type of a body has to be JSON; without a body it does not matter', async () => {
  await using server = await openTestServer({ volumes: { create: async () => VOLUME } });
  const text = await server.ask('POST', '/volumes/create', { headers: { 'Content-Type': 'text/plain' }, body: '{}' });
  assert.deepEqual(text.json, {
    message: "unsupported Content-Type header (text/plain): must be 'application/json'",
  });
  const charset = { 'Content-Type': 'Application/JSON; charset=utf-8' };
  assert.equal((await server.ask('POST', '/volumes/create', { headers: charset, body: '{}' })).status, 201);
  assert.equal((await server.ask('POST', '/volumes/create')).status, 201);
});

// sizes are exact or refused.
test('whole numbers arrive exactly, or not at all', async () => {
  let memory: number | undefined;
  await using server = await openTestServer({
    containers: {
      create: async (_name, request) => {
        memory = request.HostConfig?.Memory;
        return { Id: 'x', Warnings: [] };
      },
    },
  });
  const ask = (text: string) =>
    server.ask('POST', '/containers/create', {
      headers: JSON_TYPE,
      body: `{"Image":"x","HostConfig":{"Memory":${text}}}`,
    });
  for (const text of ['0', '-1', '67108864', '9007199254740991', '-9007199254740991']) {
    assert.equal((await ask(text)).status, 201, text);
    assert.equal(String(memory), text);
  }
  for (const text of ['9007199254740993', '9223372036854775807', '1e3', '1.0', '-9223372036854775809', 'true', '{}']) {
    assert.equal((await ask(text)).status, 400, text);
  }
});

// keys that mean something to JavaScript are only keys.
test('maps keep keys such as __proto__, and nothing else changes', async () => {
  const seen: Record<string, unknown>[] = [];
  await using server = await openTestServer({
    containers: {
      create: async (_name, request) => {
        seen.push(request as Record<string, unknown>);
        return { Id: 'x', Warnings: [] };
      },
    },
  });
  const labels = '{"__proto__":"a","constructor":"b","toString":"c","hasOwnProperty":"d"}';
  const body = `{"Image":"x","Labels":${labels},"__proto__":{"Tty":true},"HostConfig":{"__proto__":{"Privileged":true},"Sysctls":${labels},"LogConfig":{"Config":${labels}}}}`;
  assert.equal((await server.ask('POST', '/containers/create', { headers: JSON_TYPE, body })).status, 201);
  const request = seen[0] as { Labels: object; Tty?: boolean; HostConfig: { Privileged?: boolean; Sysctls: object } };
  assert.equal(JSON.stringify(request.Labels), labels);
  assert.equal(JSON.stringify(request.HostConfig.Sysctls), labels);
  assert.equal(request.Tty, undefined);
  assert.equal(request.HostConfig.Privileged, undefined);
  assert.equal(({} as { Privileged?: boolean }).Privileged, undefined);
});

test('keys match in any case, null leaves a field out, unknown fields are dropped', async () => {
  let got: unknown;
  await using server = await openTestServer({
    containers: {
      create: async (_name, request) => {
        got = request;
        return { Id: 'x', Warnings: [] };
      },
    },
  });
  const json = {
    image: 'x',
    CMD: 'true',
    Entrypoint: ['a', null],
    HostConfig: { nanocpus: 5, Init: null },
    Nope: 1,
    User: null,
  };
  await server.ask('POST', '/containers/create', { json });
  assert.deepEqual(got, { Image: 'x', Cmd: ['true'], Entrypoint: ['a', ''], HostConfig: { NanoCpus: 5 } });
});

test('a body that nests without end, or never ends, is refused', async () => {
  await using server = await openTestServer({});
  const deep = await server.ask('POST', '/containers/create', { headers: JSON_TYPE, body: '['.repeat(200_000) });
  assert.equal(deep.status, 400);
  const closed = await server.ask('POST', '/containers/create', {
    headers: JSON_TYPE,
    body: `{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  });
  assert.equal(closed.status, 400);
  const large = Buffer.alloc(17 * 1024 * 1024, ' ');
  const answer = await server.ask('POST', '/containers/create', { headers: JSON_TYPE, body: large });
  assert.deepEqual([answer.status, answer.json], [400, { message: 'request body too large' }]);
});
