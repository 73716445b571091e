import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { openTestServer } from '../testing/test-server.ts';

const stat = { name: 'passwd', size: 30, mode: 420, mtime: '2026-11-21T03:15:19Z', linkTarget: '' };
const header =
  'eyJuYW1lIjoicGFzc3dkIiwic2l6ZSI6MzAsIm1vZGUiOjQyMCwibXRpbWUiOiIyMDI2LTExLTIxVDAzOjE1OjE5WiIsImxpbmtUYXJnZXQiOiIifQ==';

test('files out: the stat is a header, byte for byte as dockerd writes it', async () => {
  await using server = await openTestServer({
    containers: {
      statPath: async () => stat,
      getArchive: async () => ({ stat, tar: Readable.from([Buffer.from('tar')]) }),
    },
  });
  const head = await server.ask('HEAD', '/containers/x/archive?path=/etc/passwd');
  assert.deepEqual([head.status, head.headers['x-docker-container-path-stat'], head.text], [200, header, '']);
  const got = await server.ask('GET', '/containers/x/archive?path=/etc/passwd');
  assert.equal(got.headers['x-docker-container-path-stat'], header);
  assert.equal(got.headers['content-type'], 'application/x-tar');
  assert.equal(got.text, 'tar');
});

test('files in: the body is the archive, whatever its type', async () => {
  const calls: unknown[] = [];
  await using server = await openTestServer({
    containers: {
      putArchive: async (ref, path, tar, options) => {
        calls.push([ref, path, Buffer.concat(await Array.fromAsync(tar)).toString(), options]);
      },
    },
  });
  const answer = await server.ask('PUT', '/containers/x/archive?path=%2Ftmp%2F..%2Fa&noOverwriteDirNonDir=true', {
    body: 'tar',
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(calls, [['x', '/tmp/../a', 'tar', { noOverwriteDirNonDir: true, copyUidGid: false }]]);
});
