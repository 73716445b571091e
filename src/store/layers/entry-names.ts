import { invalidParameter } from '../../errors/index.ts';
import { printable, splitPath } from '../../host/index.ts';

const WHITEOUT = Buffer.from('.wh.');
const OPAQUE = '.wh..wh..opq';
const AUFS = '.wh..wh.';
const MAX_NAME = 255;
const MAX_DEPTH = 1024;

const isText = (part: Buffer, text: string): boolean => part.length === text.length && part.toString('latin1') === text;

/**
 * The components of a name in an archive: `.` dropped, `..` taken back, as text and before anything is looked up.
 * @throws invalid-parameter `archive-escapes`, `name-too-long`, `too-deep`
 */
export function cleanName(name: Uint8Array): Buffer[] {
  const parts: Buffer[] = [];
  for (const part of splitPath(name)) {
    if (isText(part, '.')) continue;
    if (isText(part, '..')) {
      if (parts.pop() === undefined)
        throw invalidParameter('archive-escapes', `the archive names a path outside of its root: "${printable(name)}"`);
      continue;
    }
    if (part.length > MAX_NAME)
      throw invalidParameter('name-too-long', 'the archive holds a name of more than 255 bytes');
    parts.push(part);
  }
  if (parts.length > MAX_DEPTH)
    throw invalidParameter('too-deep', `the archive nests deeper than ${MAX_DEPTH} folders`);
  return parts;
}

export type LayerName =
  | { kind: 'plain' }
  /** That name of the lower layers is gone. */
  | { kind: 'whiteout'; hidden: Buffer }
  /** Everything of the lower layers in this folder is gone. */
  | { kind: 'opaque' }
  /** AUFS's own book-keeping in old images. */
  | { kind: 'ignored' };

/** What a name means in a layer (OCI image specification, layer.md, "Whiteouts"). @throws invalid-parameter `bad-whiteout` */
export function layerName(parts: readonly Buffer[]): LayerName {
  for (const [index, part] of parts.entries()) {
    if (!isReserved(part)) continue;
    const text = part.toString('latin1');
    const isLast = index === parts.length - 1;
    if (isLast && text === OPAQUE) return { kind: 'opaque' };
    if (text.startsWith(AUFS)) return { kind: 'ignored' };
    const hidden = part.subarray(WHITEOUT.length);
    if (!isLast || hidden.length === 0 || isText(hidden, '.') || isText(hidden, '..'))
      throw invalidParameter('bad-whiteout', `the layer holds an invalid whiteout: ${JSON.stringify(text)}`);
    return { kind: 'whiteout', hidden };
  }
  return { kind: 'plain' };
}

/** Does a name begin as whiteouts do? As a file of its own it cannot be in a layer. */
export function isReserved(name: Buffer): boolean {
  return name.length >= WHITEOUT.length && name.subarray(0, WHITEOUT.length).equals(WHITEOUT);
}
