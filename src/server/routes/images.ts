import { pipeline } from 'node:stream/promises';
import { type OCIPlatform, parseFilters } from '../../api/index.ts';
import { invalidParameter, notFound, notImplemented } from '../../errors/index.ts';
import type { Images, ImportRequest } from '../../images/index.ts';
import { boolValue, boolValueOrDefault, textValue } from '../decode/form.ts';
import { goTextOf, parseJson } from '../decode/json-text.ts';
import { struct, text, texts } from '../decode/shape.ts';
import { type Exchange, param, type Routes } from '../exchange.ts';
import { sendEmpty, sendJson } from '../respond.ts';
import { ProgressStream } from '../streams/progress.ts';
import { imageListShape, imageShape } from '../version-shape.ts';

export function imageRoutes(images: Images): Routes {
  return {
    'GET /images/json': async (exchange) => {
      const { query, version } = exchange;
      const list = await images.list({
        all: boolValue(query, 'all'),
        filters: parseFilters(query.get('filters')),
        sharedSize: boolValue(query, 'shared-size'),
      });
      sendJson(exchange, 200, imageListShape(list, version));
    },
    'GET /images/{name}/json': async (exchange) => {
      checkPlatform(images, param(exchange, 'name'), exchange.query);
      sendJson(exchange, 200, imageShape(await images.inspect(param(exchange, 'name')), exchange.version));
    },
    'GET /images/{name}/history': async (exchange) => {
      checkPlatform(images, param(exchange, 'name'), exchange.query);
      sendJson(exchange, 200, await images.history(param(exchange, 'name')));
    },
    'POST /images/{name}/tag': async (exchange) => {
      const { query } = exchange;
      await images.tag(param(exchange, 'name'), query.get('repo') ?? '', query.get('tag') ?? '');
      sendEmpty(exchange, 201);
    },
    'DELETE /images/{name}': async (exchange) => {
      const { query } = exchange;
      if (query.has('platforms')) throw notImplemented('remove-platforms', 'platforms is not supported yet by Berth');
      const options = { force: boolValue(query, 'force'), noPrune: boolValue(query, 'noprune') };
      sendJson(exchange, 200, await images.remove(param(exchange, 'name'), options));
    },
    'POST /images/prune': async (exchange) => {
      sendJson(exchange, 200, await images.prune(parseFilters(exchange.query.get('filters'))));
    },
    'POST /images/create': (exchange) => {
      if (exchange.query.get('fromImage')) throw noPull(exchange.query);
      return importImage(images, exchange);
    },
    'POST /images/load': (exchange) => {
      const quiet = boolValueOrDefault(exchange.query, 'quiet', true);
      if (exchange.query.has('platform'))
        throw notImplemented('load-platform', 'platform is not supported yet by Berth');
      const progress = new ProgressStream(exchange);
      return progress.finish(
        images.load(exchange.request, { quiet }, (message) => progress.send(message), exchange.signal),
      );
    },
    'GET /images/get': (exchange) => save(images, exchange, exchange.query.getAll('names')),
    'GET /images/{name}/get': (exchange) => save(images, exchange, [param(exchange, 'name')]),
  };
}

async function importImage(images: Images, exchange: Exchange): Promise<void> {
  const { query, request, signal } = exchange;
  if ((query.get('fromSrc') ?? '') !== '-') {
    throw notImplemented('import-url', 'importing an image from a URL is not supported yet by Berth');
  }
  const asked: ImportRequest = { source: request, changes: query.getAll('changes') };
  const repository = textValue(query, 'repo');
  const tag = textValue(query, 'tag');
  const message = textValue(query, 'message');
  const platform = textValue(query, 'platform');
  if (repository !== undefined) asked.repository = repository;
  if (tag !== undefined) asked.tag = tag;
  if (message !== undefined) asked.message = message;
  if (platform !== undefined) asked.platform = platform;
  const progress = new ProgressStream(exchange);
  const work = async (): Promise<void> => {
    const image = await images.import(asked, (step) => progress.send(step), signal);
    progress.send({ status: image.id });
  };
  await progress.finish(work());
}

async function save(images: Images, exchange: Exchange, names: string[]): Promise<void> {
  for (const name of names) checkPlatform(images, name, exchange.query);
  const tar = await images.save(names, exchange.signal);
  exchange.response.writeHead(200, { 'Content-Type': 'application/x-tar' });
  await pipeline(tar, exchange.response);
}

function noPull(query: URLSearchParams): Error {
  const name = query.get('fromImage') ?? '';
  // buildx falls back to a builder in a container when an engine has no BuildKit: that will not do here either.
  if (/(^|\/)moby\/buildkit$/.test(name)) {
    return notImplemented(
      'buildkit-not-supported',
      'BuildKit is not supported yet by Berth: build with DOCKER_BUILDKIT=0',
    );
  }
  const tag = query.get('tag');
  const image = tag === null || tag === '' ? name : `${name}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`;
  return notImplemented(
    'pull-not-supported',
    `pulling ${image} from a registry is not supported yet by Berth: make a base image with "berth image bootstrap ` +
      `${name.replace(/^(docker\.io\/)?library\//, '')}", or bring one in with "load" or "import"`,
  );
}

/** Images here have one platform each: asking for another one is asking for an image that is not there. */
function checkPlatform(images: Images, name: string, query: URLSearchParams): void {
  const text = query.get('platform');
  if (text === null || text === '') return;
  const asked = decodePlatform(text);
  const { os, architecture } = images.get(name).config;
  if ((asked.os ?? os) === os && (asked.architecture ?? architecture) === architecture) return;
  const shown = [asked.os, asked.architecture, asked.variant].filter((part) => part).join('/');
  const has = `its platform (${os}/${architecture}) does not match the specified platform (${shown})`;
  const why = `image with reference ${name} was found but ${has}`;
  throw notFound('no-such-platform', why);
}

const PLATFORM = struct('v1.Platform', {
  architecture: text,
  os: text,
  variant: text,
  'os.version': text,
  'os.features': texts,
});

function decodePlatform(text: string): OCIPlatform {
  try {
    return PLATFORM(parseJson(text), 'Platform') ?? {};
  } catch (error) {
    throw invalidParameter('bad-platform', `failed to parse platform: ${goTextOf(error)}`);
  }
}
