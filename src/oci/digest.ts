import { createHash } from 'node:crypto';
import { invalidParameter } from '../errors/index.ts';

declare const brand: unique symbol;
/** `sha256:` and 64 lower-case hex digits (OCI image specification, descriptor.md). */
export type Digest = string & { readonly [brand]: 'Digest' };

const FORM = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return FORM.test(text);
}

/** @throws invalid-parameter `invalid-digest` */
export function parseDigest(text: string): Digest {
  if (!isDigest(text))
    throw invalidParameter('invalid-digest', `invalid checksum digest format: ${JSON.stringify(text.slice(0, 100))}`);
  return text;
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** The 64 hex digits alone. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
