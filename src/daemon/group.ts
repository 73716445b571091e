import { readFileSync } from 'node:fs';
import { StartError } from './errors.ts';
import type { Logger } from './log.ts';

/** Groups whose members may use the engine, in order of preference, when none is named. */
const USUAL = ['berth', 'docker'];

/** The socket's group: the one named, or the first usual one there is, or root's. @throws StartError for a named one that is not there */
export function socketGroup(named: string | undefined, log: Logger, text = groupFile()): number {
  const ids = parseGroups(text);
  if (named !== undefined && named !== '') {
    const id = ids.get(named) ?? (/^\d+$/.test(named) ? Number(named) : undefined);
    if (id === undefined) throw new StartError(`group ${named} not found`);
    return id;
  }
  const usual = USUAL.find((name) => ids.has(name));
  if (usual === undefined) log.info('there is no group berth or docker: only root can use the socket');
  return usual === undefined ? 0 : (ids.get(usual) ?? 0);
}

export function parseGroups(text: string): Map<string, number> {
  const ids = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (/^\d+$/.test(id)) ids.set(name, Number(id));
  }
  return ids;
}

function groupFile(): string {
  try {
    return readFileSync('/etc/group', 'utf8');
  } catch {
    return '';
  }
}
