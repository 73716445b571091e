import { invalidParameter } from '../../errors/index.ts';
import type { Layers } from '../../store/index.ts';

export interface Owner {
  uid: number;
  gid: number;
}

const MAX_ID = 2 ** 32 - 2;

interface Entry {
  name: string;
  id: number;
  gid: number;
}

/** Lines of /etc/passwd or /etc/group: name, id (third field), and for passwd the gid (fourth). */
function parseEntries(text: Buffer | undefined): Entry[] {
  return (text?.toString('latin1') ?? '').split('\n').flatMap((line) => {
    const [name = '', , id = '', gid = ''] = line.trim().split(':');
    return name !== '' && !name.startsWith('#') && /^\d+$/.test(id)
      ? [{ name, id: Number(id), gid: Number(gid) || 0 }]
      : [];
  });
}

const numeric = (text: string): number | undefined => {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw invalidParameter('invalid-id', `uids and gids must be in range 0-${MAX_ID}`);
  return id;
};

/** `--chown=user[:group]` in the target's own passwd and group. A number alone is the group's number too. */
export async function resolveChown(spec: string, root: string, layers: Pick<Layers, 'readFile'>): Promise<Owner> {
  const [user = '', group, ...rest] = spec.split(':');
  if (rest.length > 0 || user === '') {
    throw invalidParameter('invalid-chown', `invalid chown string provided: ${spec} - unable to parse`);
  }
  const failed = (what: string): Error =>
    invalidParameter('invalid-chown', `unable to convert uid/gid chown string to host mapping: ${what}`);
  const uid = numeric(user);
  const passwd =
    uid === undefined
      ? parseEntries(await layers.readFile(root, '/etc/passwd')).find((entry) => entry.name === user)
      : undefined;
  if (uid === undefined && passwd === undefined) throw failed(`can't find uid for user ${user}: no such user: ${user}`);
  const found = uid ?? passwd?.id ?? 0;
  if (group === undefined || group === '') return { uid: found, gid: passwd?.gid ?? found };
  const gid = numeric(group);
  if (gid !== undefined) return { uid: found, gid };
  const entry = parseEntries(await layers.readFile(root, '/etc/group')).find((line) => line.name === group);
  if (entry === undefined) throw failed(`can't find gid for group ${group}: no such group: ${group}`);
  return { uid: found, gid: entry.id };
}

/** The owner that a `USER` stands for: a uid alone has the gid of its passwd entry, or 0. */
export async function resolveUser(spec: string, root: string, layers: Pick<Layers, 'readFile'>): Promise<Owner> {
  if (spec === '') return { uid: 0, gid: 0 };
  const [user = '', group = ''] = spec.split(':');
  const uid = numeric(user);
  const users = parseEntries(await layers.readFile(root, '/etc/passwd'));
  const entry = users.find((line) => (uid === undefined ? line.name === user : line.id === uid));
  if (uid === undefined && entry === undefined && user !== '') {
    throw invalidParameter('no-such-user', `unable to find user ${user}: no matching entries in passwd file`);
  }
  const found = uid ?? entry?.id ?? 0;
  if (group === '') return { uid: found, gid: entry?.gid ?? 0 };
  const gid = numeric(group);
  if (gid !== undefined) return { uid: found, gid };
  const line = parseEntries(await layers.readFile(root, '/etc/group')).find((known) => known.name === group);
  if (line === undefined) {
    throw invalidParameter('no-such-group', `unable to find group ${group}: no matching entries in group file`);
  }
  return { uid: found, gid: line.id };
}
