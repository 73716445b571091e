import { invalidParameter } from '../../errors/index.ts';
import type { SnapshotKey } from './contract.ts';

const FORM = /^[a-z0-9:-]{1,140}$/;

/** @throws invalid-parameter `invalid-snapshot-key` */
export function parseSnapshotKey(text: string): SnapshotKey {
  if (!FORM.test(text))
    throw invalidParameter('invalid-snapshot-key', `invalid snapshot key ${JSON.stringify(text.slice(0, 200))}`);
  return text as SnapshotKey;
}
