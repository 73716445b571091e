import { invalidParameter } from '../../errors/index.ts';

/** Where names are looked up: the container's own files, '' when they are absent. */
export interface UserFiles {
  passwd: string;
  group: string;
}

export interface ResolvedUser {
  uid: number;
  gid: number;
  /** The primary group and every supplementary one (CVE-2022-36109: the primary belongs to them). */
  additionalGids: number[];
  home: string;
}

const MAX_ID = 2 ** 31 - 1;
const OUT_OF_RANGE = `uids and gids must be in range 0-${MAX_ID}`;

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}
interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/**
 * `uid`, `name`, `uid:gid`, `name:group` against the image's files. A number is a number even if somebody is named so.
 * @throws invalid-parameter `no-such-user`, `no-such-group`, `id-out-of-range` with Docker's texts
 */
export function resolveUser(user: string, groupAdd: readonly string[], files: UserFiles): ResolvedUser {
  const colon = user.indexOf(':');
  const userPart = colon === -1 ? user : user.slice(0, colon);
  const groupPart = colon === -1 ? '' : user.slice(colon + 1);
  const entry = findUser(userPart, files.passwd);
  const uid = entry?.uid ?? Number(userPart || 0);
  const groups = parseGroups(files.group);
  let gid = entry?.gid ?? 0;
  const supplementary = new Set<number>();
  if (groupPart !== '') gid = findGroup(groupPart, groups);
  else if (entry !== undefined) {
    for (const group of groups) if (group.members.includes(entry.name)) supplementary.add(group.gid);
  }
  for (const added of groupAdd) supplementary.add(findGroup(added, groups));
  return { uid, gid, additionalGids: [...new Set([gid, ...supplementary])], home: entry?.home || '/' };
}

function findUser(text: string, passwd: string): PasswdEntry | undefined {
  const number = idNumber(text === '' ? '0' : text);
  for (const line of passwd.split('\n')) {
    const fields = line.trim().split(':');
    const uid = idField(fields[2]);
    if (uid === undefined || (number === undefined ? fields[0] !== text : uid !== number)) continue;
    return {
      name: fields[0] ?? '',
      uid: checkedId(uid),
      gid: checkedId(idField(fields[3]) ?? 0),
      home: fields[5] ?? '/',
    };
  }
  if (number !== undefined) return undefined;
  throw invalidParameter('no-such-user', `unable to find user ${text}: no matching entries in passwd file`);
}

function findGroup(text: string, groups: readonly GroupEntry[]): number {
  const number = idNumber(text);
  if (number !== undefined) return number;
  const entry = groups.find((group) => group.name === text);
  if (entry !== undefined) return checkedId(entry.gid);
  throw invalidParameter('no-such-group', `unable to find group ${text}: no matching entries in group file`);
}

function parseGroups(group: string): GroupEntry[] {
  const entries: GroupEntry[] = [];
  for (const line of group.split('\n')) {
    const fields = line.trim().split(':');
    const gid = idField(fields[2]);
    if (gid === undefined) continue;
    entries.push({ name: fields[0] ?? '', gid, members: (fields[3] ?? '').split(',').filter(Boolean) });
  }
  return entries;
}

/** A decimal number as the user wrote it; undefined for a name. @throws `id-out-of-range` */
function idNumber(text: string): number | undefined {
  return /^[+-]?[0-9]+$/.test(text) ? checkedId(Number(text)) : undefined;
}

/** A field of a file: anything but plain digits is no entry. */
function idField(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,12}$/.test(text) ? Number(text) : undefined;
}

function checkedId(id: number): number {
  if (!Number.isSafeInteger(id) || id < 0 || id > MAX_ID) throw invalidParameter('id-out-of-range', OUT_OF_RANGE);
  return id + 0;
}
