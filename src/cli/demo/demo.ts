import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ContainerCreateResponse,
  ContainerInspectResponse,
  ContainerSummary,
  ImageSummary,
  VolumeListResponse,
} from '../../api/index.ts';
import type { Client } from '../../client/index.ts';
import { isEngineError, systemError } from '../../errors/index.ts';
import { packBuildContext } from '../archive/build-context.ts';
import { bootstrapImage } from '../bootstrap/bootstrap.ts';

export const DEMO = {
  image: 'berth-demo',
  container: 'berth-demo',
  base: 'node:18-slim',
  port: 3000,
  firstHostPort: 8080,
} as const;

/** What the demo made and so may take away again: kept for `--down`. */
const STATE = '/var/lib/berth/demo.json';

interface DemoState {
  madeImages: string[];
}

const readState = (): DemoState =>
  existsSync(STATE) ? (JSON.parse(readFileSync(STATE, 'utf8')) as DemoState) : { madeImages: [] };

export interface DemoOptions {
  example: string;
  mirror: string;
  npmRegistry: string;
  say(line: string): void;
  /** Runs a step with its title, and tells how long it took and what it came to. */
  step<T>(title: string, work: () => Promise<T>, outcome: (result: T) => string): Promise<T>;
}

interface BuildMessage {
  stream?: string;
  aux?: { ID?: string };
  errorDetail?: { message?: string; hint?: string };
}

interface Built {
  imageId: string;
  steps: number;
  cached: number;
}

async function build(client: Client, options: DemoOptions): Promise<Built> {
  const { tar, dockerfile } = packBuildContext(options.example, undefined, undefined);
  const query = { t: DEMO.image, dockerfile, version: '1', rm: '1', hostca: true };
  const built: Built = { imageId: '', steps: 0, cached: 0 };
  for await (const message of client.messages<BuildMessage>({ method: 'POST', path: '/build', query, body: tar })) {
    if (message.errorDetail !== undefined)
      throw systemError(
        'demo-build-failed',
        `${message.errorDetail.message}\n${message.errorDetail.hint ?? ''}`.trim(),
      );
    const text = message.stream ?? '';
    if (message.aux?.ID !== undefined) built.imageId = message.aux.ID;
    if (/^Step \d+\/\d+ : /m.test(text)) {
      // A base image is looked up, never cached.
      if (!/ : FROM /.test(text)) built.steps++;
      options.say(text.trim());
    }
    if (text.includes('Using cache')) built.cached++;
  }
  return built;
}

async function find(client: Client): Promise<ContainerInspectResponse | undefined> {
  try {
    return await client.json<ContainerInspectResponse>({ method: 'GET', path: `/containers/${DEMO.container}/json` });
  } catch (error) {
    if (isEngineError(error, 'not-found')) return undefined;
    throw error;
  }
}

const urlOf = (container: ContainerInspectResponse): string | undefined => {
  const port = container.NetworkSettings?.Ports?.[`${DEMO.port}/tcp`]?.[0]?.HostPort;
  return port === undefined ? undefined : `http://127.0.0.1:${port}`;
};

/** Runs the image, or finds it running already. A port in use is passed over for the next. */
async function run(client: Client, imageId: string): Promise<{ url: string; isNew: boolean }> {
  const running = await find(client);
  if (running?.State?.Running && running.Image === imageId) return { url: urlOf(running) ?? '', isNew: false };
  if (running !== undefined)
    await client.json({ method: 'DELETE', path: `/containers/${DEMO.container}`, query: { force: true, v: true } });
  for (let hostPort = DEMO.firstHostPort; ; hostPort++) {
    const { Id } = await client.json<ContainerCreateResponse>({
      method: 'POST',
      path: '/containers/create',
      query: { name: DEMO.container },
      body: {
        Image: DEMO.image,
        ExposedPorts: { [`${DEMO.port}/tcp`]: {} },
        HostConfig: {
          Init: true,
          PortBindings: { [`${DEMO.port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }] },
        },
      },
    });
    try {
      await client.json({ method: 'POST', path: `/containers/${Id}/start` });
      return { url: `http://127.0.0.1:${hostPort}`, isNew: true };
    } catch (error) {
      await client.json({ method: 'DELETE', path: `/containers/${Id}`, query: { force: true } });
      const isTaken = isEngineError(error) && /port is already allocated|address already in use/.test(error.message);
      if (!isTaken || hostPort >= DEMO.firstHostPort + 20) throw error;
    }
  }
}

/** Asks until the app answers. @throws system `demo-no-answer` with the container's last words */
async function waitForAnswer(client: Client, url: string): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      const page = await fetch(url);
      const title = /<title>(.*?)<\/title>/.exec(await page.text())?.[1];
      if (page.ok && title !== undefined) return title;
    } catch {
      // Not listening yet.
    }
    await sleep(50);
  }
  const { State } = (await find(client)) ?? {};
  throw systemError(
    'demo-no-answer',
    `the app does not answer at ${url} (its container is ${State?.Status}); berth logs ${DEMO.container} tells more`,
  );
}

/** The main job, end to end: base image, build, run, answer. Idempotent: what is there already is used. */
export async function demo(client: Client, options: DemoOptions): Promise<string> {
  const images = [DEMO.base, 'debian:bookworm-slim'];
  const before = await namesOf(client);
  const { mirror, npmRegistry, say } = options;
  await options.step(
    `base image ${DEMO.base}, from packages`,
    () => bootstrapImage(client, DEMO.base, { mirror, npmRegistry, say, isForced: false }),
    (isMade) => (isMade ? 'made' : 'there already'),
  );
  const state = readState();
  const madeImages = [...new Set([...state.madeImages, ...images.filter((name) => !before.has(name))])];
  mkdirSync(dirname(STATE), { recursive: true });
  writeFileSync(STATE, JSON.stringify({ madeImages } satisfies DemoState));
  const built = await options.step(
    `building ${DEMO.image} from ${join(options.example, 'Dockerfile')}`,
    () => build(client, options),
    ({ steps, cached }) => `${steps} steps, ${cached === steps ? 'all' : cached} from the cache`,
  );
  const { url } = await options.step(
    'running it with a published port',
    () => run(client, built.imageId),
    ({ url, isNew }) => (isNew ? `container ${DEMO.container} at ${url}` : `container ${DEMO.container} runs already`),
  );
  await options.step(
    'waiting for its answer',
    () => waitForAnswer(client, url),
    (title) => `"${title}"`,
  );
  return url;
}

async function namesOf(client: Client): Promise<Set<string>> {
  const images = await client.json<ImageSummary[]>({ method: 'GET', path: '/images/json' });
  return new Set(images.flatMap((image) => image.RepoTags ?? []));
}

/** Takes away what the demo made: container, image, base images, cache. True when the engine holds nothing else. */
export async function demoDown(client: Client): Promise<boolean> {
  const ignoreMissing = (error: unknown): void => {
    if (!isEngineError(error, 'not-found') && !isEngineError(error, 'conflict')) throw error;
  };
  await client
    .json({ method: 'DELETE', path: `/containers/${DEMO.container}`, query: { force: true, v: true } })
    .catch(ignoreMissing);
  for (const name of [DEMO.image, ...readState().madeImages]) {
    await client.json({ method: 'DELETE', path: `/images/${encodeURIComponent(name)}` }).catch(ignoreMissing);
  }
  await client.json({ method: 'POST', path: '/build/prune', query: { all: true } }).catch(ignoreMissing);
  rmSync(STATE, { force: true });
  const containers = await client.json<ContainerSummary[]>({
    method: 'GET',
    path: '/containers/json',
    query: { all: true },
  });
  const { Volumes } = await client.json<VolumeListResponse>({ method: 'GET', path: '/volumes' });
  return containers.length === 0 && (Volumes ?? []).length === 0 && (await namesOf(client)).size === 0;
}
