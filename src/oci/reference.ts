import { invalidParameter } from '../errors/index.ts';
import { type Digest, isDigest } from './digest.ts';

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const NAME = new RegExp(`^(?:(${DOMAIN})/)?(${COMPONENT}(?:/${COMPONENT})*)$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** A parsed image reference, normalised as Docker does (docker.io, library/). */
export interface Reference {
  domain: string;
  path: string;
  tag?: string;
  digest?: Digest;
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/**
 * Parses `[domain/]path[:tag][@digest]`. Adds no tag: see `withDefaultTag`.
 * @throws invalid-parameter `invalid-reference` with Docker's text
 */
export function parseReference(text: string): Reference {
  let rest = text;
  let digest: Digest | undefined;
  let tag: string | undefined;
  const at = rest.indexOf('@');
  if (at >= 0) {
    const tail = rest.slice(at + 1);
    if (!isDigest(tail)) throw invalidFormat();
    digest = tail;
    rest = rest.slice(0, at);
  }
  const colon = rest.lastIndexOf(':');
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1);
    if (!isTag(tag)) throw invalidFormat();
    rest = rest.slice(0, colon);
  }
  if (/^[a-f0-9]{64}$/.test(rest)) {
    throw invalidParameter(
      'invalid-reference',
      `invalid reference format: repository name (${rest}) cannot be 64-byte hexadecimal strings`,
    );
  }
  const slash = rest.indexOf('/');
  const first = slash < 0 ? '' : rest.slice(0, slash);
  const hasDomain = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const domain = hasDomain ? (first === 'index.docker.io' ? 'docker.io' : first) : 'docker.io';
  let path = hasDomain ? rest.slice(slash + 1) : rest;
  if (domain === 'docker.io' && path !== '' && !path.includes('/')) path = `library/${path}`;
  if (/[A-Z]/.test(path)) {
    throw invalidParameter(
      'invalid-reference',
      `invalid reference format: repository name (${path}) must be lowercase`,
    );
  }
  if (!NAME.test(`${domain}/${path}`)) throw invalidFormat();
  if (domain.length + 1 + path.length > 255) {
    throw invalidParameter(
      'invalid-reference',
      'invalid reference format: repository name must not be more than 255 characters',
    );
  }
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

const invalidFormat = (): Error => invalidParameter('invalid-reference', 'invalid reference format');

/** The reference with `latest` where it names neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** The whole name: `docker.io/library/busybox:latest`. The key under which image names are stored. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.domain}/${reference.path}${tag}${digest}`;
}

/** The name without `docker.io/` and `library/`, without tag and digest: `busybox`, `localhost:5000/app`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== 'docker.io') return `${reference.domain}/${reference.path}`;
  const short = reference.path.replace(/^library\//, '');
  return short.includes('/') ? reference.path : short;
}

/** What Docker shows: `busybox:latest`. */
export function formatFamiliar(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${familiarName(reference)}${tag}${digest}`;
}
