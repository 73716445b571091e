// and C-15 on real sockets, files and locks. Needs root.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { get as tlsGet } from 'node:https';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createApiServer, type Rooms } from '../server/index.ts';
import { resolveAddress } from './addresses.ts';
import type { TlsFiles } from './config.ts';
import { listen } from './listen.ts';
import { lockDataRoot } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-listen-'));
const file = (name: string): string => join(import.meta.dirname, 'testdata/tls', name);
after(() => rmSync(folder, { recursive: true }));

const api = createApiServer({ rooms: {} as Rooms, version: '0', onFault: () => {} });
const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

test('A-01 the socket is 0660 root:group from its first moment, whatever the umask', async () => {
  const path = join(folder, 'deep/er/s');
  const umask = process.umask(0);
  const seen = new Set<string>();
  try {
    for (let i = 0; i < 20; i++) {
      const opening = listen({ kind: 'unix', path }, { api, tls: undefined, groupId: 12_345 });
      for (let polls = 0; polls < 20; polls++) {
        const stat = statSync(path, { throwIfNoEntry: false });
        if (stat !== undefined) seen.add(`${(stat.mode & 0o777).toString(8)} ${stat.uid}`);
        await Promise.resolve();
      }
      const [listening] = await opening;
      assert.ok(listening);
      assert.deepEqual([statSync(path).mode & 0o777, statSync(path).gid], [0o660, 12_345]);
      await closed(listening.server);
    }
  } finally {
    process.umask(umask);
  }
  assert.deepEqual([...seen], ['660 0']);
  assert.equal(statSync(join(folder, 'deep')).mode & 0o007, 0o001);
});

test('a socket left over is replaced, a live one or a file is not', async () => {
  const path = join(folder, 'left');
  const needs = { api, tls: undefined, groupId: 0 };
  const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', leave]);
  assert.ok(statSync(path).isSocket());
  const [listening] = await listen({ kind: 'unix', path }, needs);
  assert.ok(listening);
  await assert.rejects(listen({ kind: 'unix', path }, needs), /another daemon listens on it/);
  await closed(listening.server);
  writeFileSync(path, '');
  await assert.rejects(listen({ kind: 'unix', path }, needs), /a file is in its place/);
});

test('a port in use is a plain error', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as { port: number };
  const address = await resolveAddress(`tcp://127.0.0.1:${port}`, undefined);
  await assert.rejects(listen(address, { api, tls: undefined, groupId: 0 }), /failed to listen: .*EADDRINUSE/);
  holder.close();
});

test('C-15 a data root has one daemon; its lock goes with its holder', () => {
  const root = join(folder, 'data');
  const pidFile = join(folder, 'pid');
  const lock = lockDataRoot(root, pidFile);
  assert.equal(readFileSync(pidFile, 'utf8').trim(), String(process.pid));
  assert.throws(
    () => lockDataRoot(root, join(folder, 'pid2')),
    new RegExp(`another daemon is running on .* \\(pid ${process.pid}\\)`),
  );
  assert.equal(existsSync(join(folder, 'pid2')), false);
  lock.release();
  assert.equal(existsSync(pidFile), false);
  lockDataRoot(root, pidFile).release();
  assert.equal(statSync(root).mode & 0o007, 0);
});

test('A-02 with TLS a certificate of another authority, or none, gets nothing', async () => {
  const pki = { ca: file('ca.pem'), cert: file('cert.pem'), key: file('cert.key') };
  const other = { cert: file('other.pem'), key: file('other.key') };
  const tls: TlsFiles = { isMutual: true, ca: pki.ca, cert: pki.cert, key: pki.key };
  const address = await resolveAddress('tcp://127.0.0.1:0', tls);
  const [listening] = await listen(address, { api, tls, groupId: 0 });
  assert.ok(listening);
  const { port } = listening.server.address() as { port: number };
  const ask = (client: { cert?: Buffer; key?: Buffer }): Promise<string> =>
    new Promise((resolve) => {
      const request = tlsGet(
        { port, host: '127.0.0.1', path: '/_ping', ca: readFileSync(pki.ca), agent: false, ...client },
        (answer) => answer.on('data', (data) => resolve(String(data))),
      );
      request.on('error', () => resolve('refused'));
    });
  assert.equal(await ask({ cert: readFileSync(pki.cert), key: readFileSync(pki.key) }), 'OK');
  assert.equal(await ask({ cert: readFileSync(other.cert), key: readFileSync(other.key) }), 'refused');
  assert.equal(await ask({}), 'refused');
  const plain = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    let got = '';
    socket.on('data', (data) => {
      got += data.toString('latin1');
    });
    socket.on('close', () => resolve(got));
    socket.on('error', () => {});
  });
  assert.ok(!plain.includes('OK'), plain);
  await closed(listening.server);
});
