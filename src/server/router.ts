import { ENDPOINTS, type Endpoint, type EndpointKey, endpointKey, UNDOCUMENTED_ENDPOINTS } from '../api/index.ts';

export interface Match {
  endpoint: Endpoint;
  key: EndpointKey;
  params: Record<string, string>;
}

interface Pattern {
  endpoint: Endpoint;
  key: EndpointKey;
  regex: RegExp;
  names: string[];
}

const FIXED = new Map<string, Match>();
const PATTERNS = new Map<string, Pattern[]>();

for (const endpoint of [...ENDPOINTS, ...UNDOCUMENTED_ENDPOINTS] as readonly Endpoint[]) {
  const key = endpointKey(endpoint);
  if (!endpoint.path.includes('{')) {
    FIXED.set(key, { endpoint, key, params: {} });
    continue;
  }
  const names: string[] = [];
  // A name may hold slashes (`images/a/b/json`); `.` is safe here: one greedy group between fixed ends is linear.
  const source = endpoint.path.replace(/\{(\w+)\}/g, (_all, name: string) => {
    names.push(name);
    return '(.+)';
  });
  const family = patternFamily(endpoint.method, endpoint.path);
  const patterns = PATTERNS.get(family) ?? [];
  patterns.push({ endpoint, key, regex: new RegExp(`^${source}$`, 's'), names });
  PATTERNS.set(family, patterns);
}
// `/images/{name}` would take `/images/a/json`: the longer pattern is asked first.
for (const patterns of PATTERNS.values()) patterns.sort((a, b) => b.endpoint.path.length - a.endpoint.path.length);

/** The row a decoded path (without its version) belongs to. Fixed paths win over patterns. */
export function route(method: string, path: string): Match | undefined {
  const fixed = FIXED.get(`${method} ${path}`);
  if (fixed !== undefined) return fixed;
  for (const { endpoint, key, regex, names } of PATTERNS.get(patternFamily(method, path)) ?? []) {
    const found = regex.exec(path);
    if (found === null) continue;
    const params: Record<string, string> = {};
    for (const [index, name] of names.entries()) params[name] = found[index + 1] ?? '';
    return { endpoint, key, params };
  }
  return undefined;
}

function patternFamily(method: string, path: string): string {
  return `${method} ${path.split('/', 2)[1] ?? ''}`;
}

export interface Target {
  /** Path without version, decoded. */
  path: string;
  version: string | undefined;
  query: URLSearchParams;
}

/**
 * Takes a request line's target apart. `moved` when the path is not clean (`//`, `.`, `..`): dockerd redirects then.
 * Undefined for what is no path at all.
 */
export function parseTarget(url: string): Target | { moved: string } | undefined {
  const local = url.startsWith('/') ? url : withoutAuthority(url);
  if (local === undefined) return undefined;
  const mark = local.indexOf('?');
  const rawPath = mark < 0 ? local : local.slice(0, mark);
  const search = mark < 0 ? '' : local.slice(mark + 1);
  const path = decodePath(rawPath);
  if (path === undefined) return undefined;
  const clean = cleanPath(path);
  if (clean !== path) return { moved: encodeURI(clean) + (search === '' ? '' : `?${search}`) };
  const versioned = /^\/v([0-9.]+)(\/.*)$/s.exec(path);
  const query = new URLSearchParams(search);
  if (versioned === null) return { path, version: undefined, query };
  return { path: versioned[2] ?? '/', version: versioned[1] ?? '', query };
}

/** An absolute request target (`POST http://host/path`): proxies send it. */
function withoutAuthority(url: string): string | undefined {
  const found = /^https?:\/\/[^/?#]*(\/.*)$/is.exec(url);
  return found?.[1];
}

function decodePath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function cleanPath(path: string): string {
  if (!path.includes('//') && !path.includes('/.')) return path;
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') out.pop();
    else if (part !== '' && part !== '.') out.push(part);
  }
  const tail = /\/$|\/\.{1,2}$/.test(path) && out.length > 0 ? '/' : '';
  return `/${out.join('/')}${tail}`;
}
