import { invalidParameter } from '../../errors/index.ts';
import type { SeccompSpec } from '../../oci/index.ts';
import { SECCOMP_ARCHITECTURES, SECCOMP_ROWS, type SeccompRow } from './seccomp-default.ts';

export interface SeccompTarget {
  /** libseccomp's name: `amd64`, `arm64`. */
  architecture: string;
  /** `6.18.0-…`. */
  kernelRelease: string;
  /** The bounding set, with CAP_. */
  capabilities: readonly string[];
}

type Syscall = NonNullable<SeccompSpec['syscalls']>[number];

/** Docker's default profile as it applies to this machine and these capabilities. */
export function defaultSeccomp(target: SeccompTarget): SeccompSpec {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    architectures: SECCOMP_ARCHITECTURES[target.architecture] ?? [],
    syscalls: SECCOMP_ROWS.filter((row) => rowApplies(row, target)).flatMap(rulesOf),
  };
}

function rowApplies(row: SeccompRow, target: SeccompTarget): boolean {
  const has = (list: string): boolean => list.split(' ').every((name) => target.capabilities.includes(`CAP_${name}`));
  const isArch = (list: string): boolean => list.split(' ').includes(target.architecture);
  if (row.notOn !== undefined && isArch(row.notOn)) return false;
  if (row.unless?.split(' ').some((name) => has(name))) return false;
  if (row.on !== undefined && !isArch(row.on)) return false;
  if (row.needs !== undefined && !has(row.needs)) return false;
  return row.kernel === undefined || isKernelAtLeast(target.kernelRelease, row.kernel);
}

function rulesOf(row: SeccompRow): Syscall[] {
  const names = row.names.trim().split(/\s+/);
  const action = row.errno === undefined ? 'SCMP_ACT_ALLOW' : 'SCMP_ACT_ERRNO';
  const rule: Syscall = { names, action, ...(row.errno !== undefined && { errnoRet: row.errno }) };
  if (row.args === undefined) return [rule];
  return row.args.map(([index, value, op]) => {
    // MASKED_EQ compares `argument & value` with valueTwo, which is 0 here.
    return { ...rule, args: [{ index, value, op: `SCMP_CMP_${op}` }] };
  });
}

export function isKernelAtLeast(release: string, wanted: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

interface ProfileCondition {
  caps?: string[] | null;
  arches?: string[] | null;
  minKernel?: string | null;
}

interface Profile {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[] | null;
  archMap?: { architecture: string; subArchitectures: string[] | null }[] | null;
  flags?: string[] | null;
  listenerPath?: string;
  syscalls?:
    | {
        name?: string;
        names?: string[] | null;
        action: string;
        errnoRet?: number | null;
        args?: { index: number; value: number; valueTwo?: number; op: string }[] | null;
        includes?: ProfileCondition | null;
        excludes?: ProfileCondition | null;
      }[]
    | null;
}

/**
 * A profile in Docker's JSON form (`--security-opt seccomp=FILE`) as it applies here.
 * @throws invalid-parameter `bad-seccomp-profile`
 */
export function customSeccomp(json: string, target: SeccompTarget): SeccompSpec {
  const profile = parseProfile(json);
  const archMap = profile.archMap ?? [];
  if ((profile.architectures ?? []).length > 0 && archMap.length > 0) {
    throw bad(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  const native = SECCOMP_ARCHITECTURES[target.architecture]?.[0];
  const mapped = archMap.find((entry) => entry.architecture === native);
  const architectures =
    mapped === undefined ? (profile.architectures ?? []) : [mapped.architecture, ...(mapped.subArchitectures ?? [])];
  const syscalls: Syscall[] = [];
  for (const rule of profile.syscalls ?? []) {
    if (rule.name !== undefined && rule.name !== '' && (rule.names ?? []).length > 0) {
      throw bad("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
    }
    if (!conditionsHold(rule.includes ?? {}, rule.excludes ?? {}, target)) continue;
    syscalls.push({
      names: rule.names ?? [rule.name ?? ''],
      action: rule.action,
      ...(typeof rule.errnoRet === 'number' && { errnoRet: rule.errnoRet }),
      ...((rule.args ?? []).length > 0 && { args: rule.args ?? [] }),
    });
  }
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures.length > 0 && { architectures }),
    ...((profile.flags ?? []).length > 0 && { flags: profile.flags ?? [] }),
    syscalls,
  };
}

function conditionsHold(includes: ProfileCondition, excludes: ProfileCondition, target: SeccompTarget): boolean {
  const { architecture, capabilities, kernelRelease } = target;
  if ((excludes.arches ?? []).includes(architecture)) return false;
  if ((excludes.caps ?? []).some((name) => capabilities.includes(name))) return false;
  if (excludes.minKernel && isKernelAtLeast(kernelRelease, excludes.minKernel)) return false;
  if ((includes.arches ?? []).length > 0 && !(includes.arches ?? []).includes(architecture)) return false;
  if ((includes.caps ?? []).some((name) => !capabilities.includes(name))) return false;
  return !includes.minKernel || isKernelAtLeast(kernelRelease, includes.minKernel);
}

function parseProfile(json: string): Profile {
  let profile: Profile;
  try {
    profile = JSON.parse(json) as Profile;
  } catch (error) {
    throw bad(`decoding seccomp profile failed: ${error instanceof Error ? error.message : ''}`);
  }
  if (typeof profile !== 'object' || profile === null || typeof profile.defaultAction !== 'string') {
    throw bad('decoding seccomp profile failed: defaultAction is missing');
  }
  // A listener hands system calls to a program named by a path: not something a request may ask for.
  if (profile.listenerPath) throw bad('seccomp profile: listenerPath is not supported');
  return profile;
}

const bad = (text: string): Error => invalidParameter('bad-seccomp-profile', text);
