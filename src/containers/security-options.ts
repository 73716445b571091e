import { invalidParameter, notImplemented } from '../errors/index.ts';

export interface SecurityOptions {
  noNewPrivileges: boolean | undefined;
  /** `builtin`, `unconfined`, or a profile's JSON; undefined when nothing was said. */
  seccomp: string | undefined;
  isSystemPathsUnconfined: boolean;
  writableCgroups: boolean;
}

/** `HostConfig.SecurityOpt`. @throws invalid-parameter `invalid-security-opt` with Docker's text */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  const parsed: SecurityOptions = {
    noNewPrivileges: undefined,
    seccomp: undefined,
    isSystemPathsUnconfined: false,
    writableCgroups: false,
  };
  for (const option of options) apply(option, parsed);
  return parsed;
}

function apply(option: string, parsed: SecurityOptions): void {
  if (option === 'no-new-privileges') {
    parsed.noNewPrivileges = true;
    return;
  }
  const at = option.search(/[=:]/);
  const key = at === -1 ? option : option.slice(0, at);
  const value = at === -1 ? '' : option.slice(at + 1);
  if (at === -1) {
    if (option === 'disable') return;
    throw invalidParameter('invalid-security-opt', `invalid --security-opt 1: ${JSON.stringify(option)}`);
  }
  switch (key) {
    case 'no-new-privileges':
      parsed.noNewPrivileges = boolean(value, option);
      return;
    case 'writable-cgroups':
      parsed.writableCgroups = boolean(value, option);
      return;
    case 'seccomp':
      parsed.seccomp = value;
      return;
    case 'systempaths':
      if (value !== 'unconfined') throw invalid(option);
      parsed.isSystemPathsUnconfined = true;
      return;
    case 'label':
      // SELinux labels are not set by Berth: asking for none is honoured, asking for one is not.
      if (value === 'disable') return;
      throw notImplemented('selinux', `SELinux labels are not supported by Berth yet (--security-opt ${option})`);
    case 'apparmor':
      if (value === 'unconfined') return;
      throw notImplemented('apparmor', `AppArmor profiles are not supported by Berth yet (--security-opt ${option})`);
    default:
      throw invalid(option);
  }
}

function boolean(value: string, option: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw invalid(option);
}

const invalid = (option: string): Error =>
  invalidParameter('invalid-security-opt', `invalid --security-opt 2: ${JSON.stringify(option)}`);
