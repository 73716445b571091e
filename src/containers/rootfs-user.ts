import { readFileSync } from 'node:fs';
import { invalidParameter } from '../errors/index.ts';
import { closeFd, HostError, RootedFs } from '../host/index.ts';
import type { ResolvedUser } from './spec/user.ts';
import { resolveUser } from './spec/user.ts';

const MAX_BYTES = 10 * 1024 * 1024;

/** A container's user by the image's own files: regular ones of at most 10 MiB, whatever is at their place. */
export function userOf(rootfs: string, user: string, groupAdd: readonly string[]): ResolvedUser {
  using rooted = RootedFs.open(rootfs);
  return resolveUser(user, groupAdd, {
    passwd: readSmall(rooted, 'etc/passwd'),
    group: readSmall(rooted, 'etc/group'),
  });
}

function readSmall(rooted: RootedFs, path: string): string {
  let opened: ReturnType<RootedFs['openRegular']>;
  try {
    opened = rooted.openRegular(Buffer.from(path));
  } catch (error) {
    if (error instanceof HostError) return '';
    throw error;
  }
  if (opened === undefined) return '';
  try {
    if (opened.stat.sizeBytes > MAX_BYTES) {
      throw invalidParameter('user-file-too-large', `/${path} of the container is larger than 10 MiB`);
    }
    return readFileSync(opened.fd, 'utf8');
  } finally {
    closeFd(opened.fd);
  }
}
