import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { invalidParameter, notFound } from '../../errors/index.ts';
import type { Image, Images, ImportRequest } from '../../images/index.ts';
import { openTestServer } from '../testing/test-server.ts';

const TAR = { 'Content-Type': 'application/x-tar' };
const ID = `sha256:${'0'.repeat(64)}`;
const image = { id: ID, config: { os: 'linux', architecture: 'amd64' } } as unknown as Image;

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(source)).toString();
}

test('import: the body is the source, the last line is the image', async () => {
  let asked: Partial<ImportRequest> = {};
  let body = '';
  await using server = await openTestServer({
    images: {
      import: async (request) => {
        const { source, ...rest } = request;
        asked = rest;
        body = await bytesOf(source);
        return image;
      },
    },
  });
  const path =
    '/images/create?fromSrc=-&repo=a/b&tag=1&message=m&changes=CMD%20x&changes=ENV%20A=b&platform=linux/amd64';
  const answer = await server.ask('POST', path, { headers: { 'Content-Type': 'text/plain' }, body: 'tar bytes' });
  assert.equal(answer.text, `{"status":"${ID}"}\r\n`);
  assert.equal(body, 'tar bytes');
  assert.deepEqual(asked, {
    changes: ['CMD x', 'ENV A=b'],
    repository: 'a/b',
    tag: '1',
    message: 'm',
    platform: 'linux/amd64',
  });
});

test('pulling says what to do instead', async () => {
  await using server = await openTestServer({});
  const { status, json } = await server.ask('POST', '/images/create?fromImage=docker.io/library/node&tag=18');
  assert.equal(status, 501);
  assert.match((json as { message: string }).message, /docker\.io\/library\/node:18 .* "berth image bootstrap node"/);
  const buildkit = await server.ask('POST', '/images/create?fromImage=docker.io/moby/buildkit&tag=buildx-stable-1');
  assert.match((buildkit.json as { message: string }).message, /DOCKER_BUILDKIT=0/);
});

test('load: an error before the first message is an HTTP error, one after it is in the stream', async () => {
  let sendsFirst = false;
  const load: Images['load'] = async (source, { quiet }, progress) => {
    await bytesOf(source);
    assert.equal(quiet, false);
    if (sendsFirst) progress({ status: 'Loading layer', id: 'a', progressDetail: { current: 1, total: 2 } });
    throw invalidParameter('bad-archive', 'unexpected EOF');
  };
  await using server = await openTestServer({ images: { load } });
  const early = await server.ask('POST', '/images/load?quiet=0', { headers: TAR, body: 'x' });
  assert.deepEqual([early.status, early.json], [400, { message: 'unexpected EOF' }]);
  sendsFirst = true;
  const late = await server.ask('POST', '/images/load?quiet=0', { headers: TAR, body: 'x' });
  assert.equal(late.status, 200);
  assert.deepEqual(late.text.split('\r\n'), [
    '{"status":"Loading layer","id":"a","progressDetail":{"current":1,"total":2}}',
    '{"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"}',
    '',
  ]);
});

test('save: names in both forms; a broken archive breaks the connection', async () => {
  let isBroken = false;
  await using server = await openTestServer({
    images: {
      save: async (names) =>
        Readable.from(
          (async function* () {
            yield Buffer.from(names.join(','));
            if (isBroken) throw new Error('disk');
          })(),
        ),
    },
  });
  const several = await server.ask('GET', '/images/get?names=a&names=b%2Fc:1');
  assert.deepEqual([several.text, several.headers['content-type']], ['a,b/c:1', 'application/x-tar']);
  assert.equal((await server.ask('GET', '/images/b/c:1/get')).text, 'b/c:1');
  isBroken = true;
  await assert.rejects(server.ask('GET', '/images/a/get'));
  assert.equal(server.faults.length, 1);
});

test('a platform that the image does not have is an image that is not there', async () => {
  await using server = await openTestServer({
    images: {
      get: (name) => {
        if (name !== 'a') throw notFound('no-such-image', `No such image: ${name}`);
        return image;
      },
      history: async () => [],
    },
  });
  const ask = (platform: object | string) =>
    server.ask(
      'GET',
      `/images/a/history?platform=${encodeURIComponent(typeof platform === 'string' ? platform : JSON.stringify(platform))}`,
    );
  assert.equal((await ask({ os: 'linux', architecture: 'amd64' })).status, 200);
  assert.deepEqual((await ask({ os: 'linux', architecture: 'arm64' })).json, {
    message:
      'image with reference a was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)',
  });
  assert.deepEqual((await ask('x')).json, {
    message: "failed to parse platform: invalid character 'x' looking for beginning of value",
  });
});

test('older clients get the fields they know', async () => {
  await using server = await openTestServer({
    images: { inspect: async () => ({ Id: ID, Size: 7, Config: { Cmd: ['sh'] } }) },
  });
  const at = async (version: string): Promise<Record<string, unknown>> =>
    (await server.ask('GET', `${version}/images/a/json`)).json as Record<string, unknown>;
  assert.deepEqual(await at('/v1.51'), { Id: ID, Size: 7, Config: { Cmd: ['sh'] } });
  assert.equal((await at('/v1.43')).VirtualSize, 7);
  assert.equal((await at('/v1.44')).VirtualSize, undefined);
  assert.equal(((await at('/v1.49')).Config as { Hostname: string }).Hostname, '');
});
