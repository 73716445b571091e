import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findInstallation } from './daemon/installation.ts';

/** The version in package.json of this installation. */
export function programVersion(): string {
  const { root } = findInstallation(import.meta.dirname);
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}
