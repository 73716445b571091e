// How long `/_ping` takes while the engine imports 1 GB and builds: `node bench/ping.ts [unix:///path]`. Required: p99 below 50 ms.
import { randomFillSync } from 'node:crypto';
import { Agent, request } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, parseHost } from '../src/client/index.ts';
import { formatHeader, padOf, TAR_END, tarEntry } from '../src/lib/index.ts';

const REQUIRED_MS = 50;
const host = parseHost(process.argv[2] ?? 'unix:///run/berth/berth.sock', undefined);
if (host.kind !== 'unix') throw new Error('a unix socket is needed');
const client = createClient(host);

/** A tar of `count` files of `sizeBytes` each. */
function* archive(count: number, sizeBytes: number): Generator<Buffer> {
  const body = randomFillSync(Buffer.alloc(sizeBytes + padOf(sizeBytes)));
  for (let i = 0; i < count; i++) {
    yield formatHeader(tarEntry('file', `files/${i}`, { sizeBytes }));
    yield body;
  }
  yield TAR_END;
}

const agent = new Agent({ keepAlive: true });
const ping = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now();
    request({ socketPath: host.path, path: '/_ping', agent }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(performance.now() - startedAt));
    })
      .once('error', reject)
      .end();
  });

async function drain(messages: AsyncIterable<{ errorDetail?: { message?: string } }>): Promise<void> {
  for await (const { errorDetail } of messages) if (errorDetail !== undefined) throw new Error(errorDetail.message);
}

const importing = (): Promise<void> =>
  drain(
    client.messages({
      method: 'POST',
      path: '/images/create',
      query: { fromSrc: '-', repo: 'bench-ping', tag: '1g' },
      body: Readable.from(archive(512, 2 << 20), { objectMode: false }),
    }),
  );

const building = (): Promise<void> => {
  const dockerfile = Buffer.from(
    `FROM busybox\n${Array.from({ length: 10 }, (_, i) => `RUN echo ${i} > /f${i}\n`).join('')}COPY . /all\n`,
  );
  const context = function* (): Generator<Buffer> {
    yield formatHeader(tarEntry('file', 'Dockerfile', { sizeBytes: dockerfile.length }));
    yield dockerfile;
    yield Buffer.alloc(padOf(dockerfile.length));
    yield* archive(2000, 4096);
  };
  const query = { t: 'bench-ping:build', nocache: true, version: '1' };
  return drain(
    client.messages({ method: 'POST', path: '/build', query, body: Readable.from(context(), { objectMode: false }) }),
  );
};

const times: number[] = [];
const startedAt = performance.now();
const work = Promise.all([importing(), building()]);
let isOver = false;
work
  .finally(() => {
    isOver = true;
  })
  .catch(() => {});
while (!isOver) {
  times.push(await ping());
  await sleep(5);
}
await work;
agent.destroy();
for (const name of ['bench-ping:1g', 'bench-ping:build'])
  await client.json({ method: 'DELETE', path: `/images/${name}`, query: { force: true } });
times.sort((a, b) => a - b);
const at = (part: number): string =>
  (times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0).toFixed(1);
console.log(
  `ping during a 1 GB import and a build (${((performance.now() - startedAt) / 1000).toFixed(1)} s): ${times.length} pings, median ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms  (required p99 < ${REQUIRED_MS} ms)`,
);
process.exit(Number(at(0.99)) < REQUIRED_MS ? 0 : 1);
