import { closeSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { checked, native } from './libc.ts';

/** A profile that is resolved already: what the OCI runtime specification has as `linux.seccomp`. */
export interface SeccompFilter {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  syscalls?: {
    names: string[];
    action: string;
    errnoRet?: number;
    args?: { index: number; value: number; valueTwo?: number; op: string }[];
  }[];
}

const EPERM = 1;
const EEXIST = 17;
const UNKNOWN_SYSCALL = -1;
const ATTRIBUTE_OPTIMIZE = 8;
const BINARY_TREE = 2;
const BYTES_PER_COMPARISON = 24;

const ACTIONS: Record<string, number> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};
const COMPARISONS: Record<string, number> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};

/** Fields of the filter that this compiler does not know: the runtime is to compile it itself. */
export class UnknownSeccompError extends Error {}

interface Library {
  init(action: number): unknown;
  release(context: unknown): void;
  setAttribute(context: unknown, attribute: number, value: number): number;
  resolveArchitecture(name: string): number;
  addArchitecture(context: unknown, token: number): number;
  resolveSyscall(name: string): number;
  addRule(context: unknown, action: number, syscall: number, count: number, comparisons: Buffer): number;
  exportBpf(context: unknown, fd: number): number;
}

let library: Library | undefined | null = null;

/** libseccomp, which crun and runc use themselves; undefined where it is not installed. */
function findLibrary(): Library | undefined {
  if (library === null) library = loadLibrary();
  return library;
}

function loadLibrary(): Library | undefined {
  try {
    const lib = koffi.load('libseccomp.so.2');
    return {
      init: lib.func('void *seccomp_init(uint32_t action)') as Library['init'],
      release: lib.func('void seccomp_release(void *context)') as Library['release'],
      setAttribute: lib.func('int seccomp_attr_set(void *context, int attribute, uint32_t value)'),
      resolveArchitecture: lib.func('uint32_t seccomp_arch_resolve_name(const char *name)'),
      addArchitecture: lib.func('int seccomp_arch_add(void *context, uint32_t token)'),
      resolveSyscall: lib.func('int seccomp_syscall_resolve_name(const char *name)'),
      addRule: lib.func(
        'int seccomp_rule_add_array(void *context, uint32_t action, int syscall, unsigned int count, const void *comparisons)',
      ),
      exportBpf: lib.func('int seccomp_export_bpf(void *context, int fd)'),
    };
  } catch {
    return undefined;
  }
}

/**
 * The kernel's program for a filter, as crun would make it from the same profile at every start: some 15 ms of work on the
 * calling thread, worth keeping. Undefined without libseccomp. @throws UnknownSeccompError
 */
export function compileSeccomp(filter: SeccompFilter): Buffer | undefined {
  const lib = findLibrary();
  if (lib === undefined) return undefined;
  const defaultAction = actionOf(filter.defaultAction, filter.defaultErrnoRet);
  const context = lib.init(defaultAction);
  try {
    // Not known to libseccomp before 2.5: then the list stays a list.
    lib.setAttribute(context, ATTRIBUTE_OPTIMIZE, BINARY_TREE);
    for (const name of filter.architectures ?? []) addArchitecture(lib, context, name);
    for (const rule of filter.syscalls ?? []) addRules(lib, context, rule, defaultAction);
    return exported(lib, context);
  } finally {
    lib.release(context);
  }
}

type Rule = NonNullable<SeccompFilter['syscalls']>[number];

function actionOf(name: string, errno: number | undefined): number {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) throw new UnknownSeccompError(`seccomp action ${name}`);
  return name === 'SCMP_ACT_ERRNO' ? action + (errno ?? EPERM) : action;
}

function addArchitecture(lib: Library, context: unknown, name: string): void {
  const token = lib.resolveArchitecture(name.replace('SCMP_ARCH_', '').toLowerCase());
  if (token === 0) throw new UnknownSeccompError(`seccomp architecture ${name}`);
  succeeded(lib.addArchitecture(context, token), `seccomp_arch_add ${name}`);
}

/** Names that this libseccomp does not know are left out, as the runtimes do: the default then holds for them. */
function addRules(lib: Library, context: unknown, rule: Rule, defaultAction: number): void {
  const action = actionOf(rule.action, rule.errnoRet);
  if (action === defaultAction) return;
  const args = rule.args ?? [];
  const indexes = new Set(args.map(({ index }) => index));
  // Two comparisons of one argument cannot be in one rule: they are alternatives then.
  const groups = indexes.size === args.length ? [args] : args.map((one) => [one]);
  for (const name of rule.names) {
    const syscall = lib.resolveSyscall(name);
    if (syscall === UNKNOWN_SYSCALL) continue;
    for (const group of groups) {
      const result = lib.addRule(context, action, syscall, group.length, comparisonsOf(group));
      succeeded(result, `seccomp_rule_add ${name}`);
    }
  }
}

function comparisonsOf(args: NonNullable<Rule['args']>): Buffer {
  const bytes = Buffer.alloc(BYTES_PER_COMPARISON * Math.max(args.length, 1));
  args.forEach(({ index, value, valueTwo = 0, op }, position) => {
    const comparison = Object.hasOwn(COMPARISONS, op) ? COMPARISONS[op] : undefined;
    if (comparison === undefined) throw new UnknownSeccompError(`seccomp comparison ${op}`);
    const at = position * BYTES_PER_COMPARISON;
    bytes.writeUInt32LE(index, at);
    bytes.writeUInt32LE(comparison, at + 4);
    bytes.writeBigUInt64LE(BigInt(value), at + 8);
    bytes.writeBigUInt64LE(BigInt(valueTwo), at + 16);
  });
  return bytes;
}

function succeeded(result: number, what: string): void {
  if (result < 0 && result !== -EEXIST) throw new UnknownSeccompError(`${what}: errno ${-result}`);
}

const memfdCreate = native('int memfd_create(const char *name, unsigned int flags)');
const MFD_CLOEXEC = 1;

function exported(lib: Library, context: unknown): Buffer {
  const fd = checked(memfdCreate('seccomp', MFD_CLOEXEC), 'memfd_create');
  try {
    succeeded(lib.exportBpf(context, fd), 'seccomp_export_bpf');
    return readFileSync(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
