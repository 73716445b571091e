import type { BuildRequest } from '../../build/index.ts';
import { invalidParameter, notImplemented } from '../../errors/index.ts';
import { boolValue, boolValueOrDefault, intValue, textValue } from './form.ts';
import { goTextOf, parseJson } from './json-text.ts';
import { ULIMITS } from './requests.ts';
import { map, type Shape, text, textMap, texts } from './shape.ts';

type Context = BuildRequest['context'];

/** `POST /build`'s many parameters. @throws not-implemented for one that Berth does not honour, naming it */
export function buildRequest(query: URLSearchParams, context: Context): BuildRequest {
  refuseUnhonoured(query);
  const removeIntermediate = boolValueOrDefault(query, 'rm', true);
  const request: BuildRequest = {
    dockerfile: query.get('dockerfile') || 'Dockerfile',
    context,
    tags: query.getAll('t').filter((tag) => tag !== ''),
    quiet: boolValue(query, 'q'),
    noCache: boolValue(query, 'nocache'),
    pull: boolValue(query, 'pull'),
    removeIntermediate,
    forceRemove: boolValue(query, 'forcerm'),
    target: query.get('target') ?? '',
    buildArgs: jsonValue(query, 'buildargs', buildArgs) ?? {},
    labels: jsonValue(query, 'labels', textMap) ?? {},
    networkMode: query.get('networkmode') ?? '',
    extraHosts: query
      .getAll('extrahosts')
      .flatMap((hosts) => hosts.split(','))
      .filter((host) => host !== ''),
    cacheFrom: jsonValue(query, 'cachefrom', texts) ?? [],
    shmSizeBytes: intValue(query, 'shmsize', 'strconv.ParseInt') ?? 0,
    limits: limits(query),
    hostCa: boolValue(query, 'hostca'),
    squash: boolValue(query, 'squash'),
  };
  const remote = textValue(query, 'remote');
  const platform = textValue(query, 'platform');
  if (remote !== undefined) request.remote = remote;
  if (platform !== undefined) request.platform = platform;
  return request;
}

/** `{"A":"1","B":null}`: null means "the value is the builder's own environment's", which we do not have. */
const buildArgs: Shape<Record<string, string | null>> = (value, path) =>
  map<string | null>(
    (each, at) => (each === null ? undefined : text(each, at)),
    null,
    'map[string]*string',
  )(value, path);

function limits(query: URLSearchParams): BuildRequest['limits'] {
  const out: BuildRequest['limits'] = {};
  const numbers = {
    memoryBytes: intValue(query, 'memory'),
    memorySwapBytes: intValue(query, 'memswap'),
    cpuShares: intValue(query, 'cpushares'),
    cpuPeriod: intValue(query, 'cpuperiod'),
    cpuQuota: intValue(query, 'cpuquota'),
  };
  for (const [key, value] of Object.entries(numbers)) {
    if (value !== undefined && value !== 0) out[key as keyof typeof numbers] = value;
  }
  const cpusetCpus = textValue(query, 'cpusetcpus');
  const cpusetMems = textValue(query, 'cpusetmems');
  const cgroupParent = textValue(query, 'cgroupparent');
  if (cpusetCpus !== undefined) out.cpusetCpus = cpusetCpus;
  if (cpusetMems !== undefined) out.cpusetMems = cpusetMems;
  if (cgroupParent !== undefined) out.cgroupParent = cgroupParent;
  const ulimits = jsonValue(query, 'ulimits', ULIMITS.decode);
  if (ulimits !== undefined && ulimits.length > 0) {
    out.ulimits = ulimits.map(({ Name, Soft, Hard }) => ({ name: Name ?? '', soft: Soft ?? 0, hard: Hard ?? 0 }));
  }
  return out;
}

function refuseUnhonoured(query: URLSearchParams): void {
  if (query.get('version') === '2') {
    throw notImplemented(
      'buildkit-not-supported',
      'BuildKit is not supported yet by Berth: build with DOCKER_BUILDKIT=0',
    );
  }
  const securityOptions = jsonValue(query, 'securityopt', texts) ?? [];
  const outputs = query.get('outputs') ?? '';
  const isolation = query.get('isolation') ?? '';
  if (securityOptions.length > 0) throw unhonoured('securityopt');
  if (outputs !== '' && outputs !== '[]' && outputs !== 'null') throw unhonoured('outputs');
  if (isolation !== '' && isolation !== 'default') {
    throw invalidParameter('bad-isolation', `Unsupported isolation: ${JSON.stringify(isolation)}`);
  }
}

function unhonoured(name: string): Error {
  return notImplemented('build-option-not-supported', `build option ${name} is not supported yet by Berth`);
}

const DOCKER_NAMES: Record<string, string> = {
  buildargs: 'build args',
  securityopt: 'security options',
};

function jsonValue<T>(query: URLSearchParams, key: string, shape: Shape<T>): T | undefined {
  const value = query.get(key);
  if (value === null || value === '') return undefined;
  try {
    return shape(parseJson(value), '');
  } catch (error) {
    throw invalidParameter('bad-build-option', `error reading ${DOCKER_NAMES[key] ?? key}: ${goTextOf(error)}`, {
      cause: error,
    });
  }
}
