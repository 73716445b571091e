import { invalidParameter } from '../../errors/index.ts';

const IPC = new Set(
  'kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced'.split(
    ' ',
  ),
);
const KEY = /^[a-z0-9_]+([./][a-zA-Z0-9_-]+)+$/;

export interface SysctlScope {
  isIpcPrivate: boolean;
  isNetPrivate: boolean;
  isUtsPrivate: boolean;
}

/**
 * Only sysctls that belong to a namespace of the container's own.
 * @throws invalid-parameter `sysctl-not-allowed`
 */
export function checkSysctls(sysctls: Record<string, string>, scope: SysctlScope): void {
  for (const [key, value] of Object.entries(sysctls)) {
    if (!isAllowed(key, value, scope)) {
      throw invalidParameter('sysctl-not-allowed', `sysctl '${key}=${value}' is not allowed`);
    }
  }
}

function isAllowed(key: string, value: string, scope: SysctlScope): boolean {
  // A value or name with another line, option or path in it would reach further than its name says (CVE-2022-0811).
  if (!KEY.test(key) || key.includes('..') || /[\0\n\r+;|]/.test(value)) return false;
  const name = key.replaceAll('/', '.');
  if (IPC.has(name) || name.startsWith('fs.mqueue.')) return scope.isIpcPrivate;
  if (name.startsWith('net.')) return scope.isNetPrivate;
  if (name === 'kernel.domainname') return scope.isUtsPrivate;
  return false;
}

/** Docker's own for a private network namespace: any user may bind low ports and ping. */
export const NETWORK_SYSCTLS: Record<string, string> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};
