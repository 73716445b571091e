import { existsSync, readFileSync } from 'node:fs';
import { type EngineError, invalidParameter, systemError } from '../../errors/index.ts';
import type { Executable } from '../../host/index.ts';

/** Docker's own words before the reason: clients match on them, whatever program is behind. */
const RUN_PREFIX =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: ' +
  'runc create failed: unable to start container process: error during container init: ';
const EXEC_PREFIX = 'OCI runtime exec failed: exec failed: unable to start container process: ';
const MISMATCHED_MOUNT =
  ': Are you trying to mount a directory onto a file (or vice-versa)? ' +
  'Check if the specified host path exists and is the expected type';

const EXIT_NOT_FOUND = 127;
const EXIT_NOT_EXECUTABLE = 126;
const EXIT_FAILED_START = 128;

/** A failed start as Docker reports it; `detail.exitCode` is what the container's state gets. */
export function startFailure(what: 'run' | 'exec', reason: string): EngineError {
  const prefix = what === 'run' ? RUN_PREFIX : EXEC_PREFIX;
  const hint = reason.includes('not a directory') ? MISMATCHED_MOUNT : '';
  const exitCode = exitCodeOf(reason);
  const make = exitCode === EXIT_FAILED_START ? systemError : invalidParameter;
  return make('container-start-failed', `${prefix}${reason}${hint}`, { detail: { exitCode } });
}

function exitCodeOf(reason: string): number {
  if (/executable file not found|no such file or directory|not a directory/.test(reason)) return EXIT_NOT_FOUND;
  if (/permission denied|is a directory/.test(reason)) return EXIT_NOT_EXECUTABLE;
  return EXIT_FAILED_START;
}

/** Why `name` cannot be executed, in Docker's words. */
export function executableReason(name: string, found: Exclude<Executable, 'ok'>): string {
  switch (found) {
    case 'not-found':
      return name.includes('/')
        ? `exec: "${name}": stat ${name}: no such file or directory`
        : `exec: "${name}": executable file not found in $PATH`;
    case 'is-directory':
      return `exec: "${name}": is a directory: permission denied`;
    case 'not-executable':
      return `exec: "${name}": permission denied`;
    default:
      return found satisfies never;
  }
}

/** The reason in a runtime's log (JSON lines), in Docker's words where it has them. */
export function reasonFromLog(log: string, args0: string): string {
  const message = errorMessages(log).at(-1) ?? 'the container runtime ended without a reason';
  if (/^executable file `.*` not found/.test(message)) return executableReason(args0, 'not-found');
  if (NAMES_A_FOLDER.test(message)) return executableReason(args0, 'is-directory');
  if (/^open executable: Permission denied/.test(message)) return executableReason(args0, 'not-executable');
  const chdir = /^(?:chdir|open) `(.*)`: (No such file or directory|Not a directory|Permission denied)$/.exec(message);
  if (message.startsWith('chdir') && chdir !== null) {
    return `chdir to cwd ("${chdir[1]}") set in config.json failed: ${chdir[2]?.toLowerCase()}`;
  }
  return withPlainErrno(message).replace(RUNC_PREFIXES, '');
}

/** crun, newer crun, runc. Docker adds "permission denied", for clients that map it to 126. */
const NAMES_A_FOLDER =
  /^open executable: Operation not permitted|^the path `.*` is not a regular file|exec: ".*": is a directory$/;

/** runc's own chain, of which Docker's prefix holds the same words. */
const RUNC_PREFIXES =
  /^(?:runc (?:run|create|exec) failed: )?(?:exec failed: )?(?:unable to start container process: )?(?:error during container init: )?/;

/** crun ends its messages in strerror(3)'s text, Go programs in the same without the capital. */
const withPlainErrno = (message: string): string =>
  message.replace(/: ([A-Z])([a-z][^:`]*)$/, (_, first: string, rest: string) => `: ${first.toLowerCase()}${rest}`);

/** One JSON object after the other; crun with json-c spreads each over several lines. */
const errorMessages = (log: string): string[] => log.split(/(?<=\})\s*\n/).flatMap((entry) => parseEntry(entry) ?? []);

/** The message of a log entry of level `error`. */
function parseEntry(text: string): string | undefined {
  try {
    const entry = JSON.parse(text) as { level?: unknown; msg?: unknown };
    return entry.level === 'error' && typeof entry.msg === 'string' ? entry.msg : undefined;
  } catch {
    return undefined;
  }
}

export const readLog = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** `crun run`, `crun exec`, and runc before 1.2, which has the words but not the exit code. */
const LATE_RUN_FAILURE = /^exec container process (?:\(missing dynamic library\?\) )?`.*?`: (.+)$/s;
const LATE_EXEC_FAILURE = /^exec(?: \S+)?: (exec format error|no such file or directory|permission denied)\s*$/i;
const EXIT_OF_LATE_FAILURE = 1;
const EXIT_LATE_FAILURE = 255;
const MAX_ENTRY_BYTES = 4096;

/** Watches a process's first output for a late failure. */
export interface LateFailure {
  isNoticed: boolean;
  /** For ProcessOutput: Docker's line in place of the runtime's; undefined while it may still become one. */
  rewrite(soFar: Buffer): Buffer | undefined;
}

/**
 * crun tells a failed execve (no interpreter, not a program) after the start, on the process's stderr, and exits 1.
 * Docker writes `exec /path: reason` there and exits 255.
 */
export function noticeLateFailure(args0: string): LateFailure {
  const late: LateFailure = {
    isNoticed: false,
    rewrite(soFar) {
      const reason = lateFailureReason(soFar);
      if (reason === undefined) return mayBecomeEntry(soFar) ? undefined : soFar;
      late.isNoticed = true;
      return Buffer.from(`exec ${args0}: ${reason.toLowerCase()}\n`);
    },
  };
  return late;
}

/** The exit code in Docker's terms; whoever merely prints the runtime's line keeps its own. */
export const withLateFailure = (late: LateFailure, exitCode: number): number =>
  late.isNoticed && exitCode === EXIT_OF_LATE_FAILURE ? EXIT_LATE_FAILURE : exitCode;

const ENTRY_BEGIN = '{"msg":"execcontainerprocess';

/** The beginning of a log entry that is still being written (json-c writes it in pieces). */
function mayBecomeEntry(soFar: Buffer): boolean {
  if (soFar[0] !== 0x7b || soFar.length > MAX_ENTRY_BYTES) return false;
  const text = soFar.toString().replaceAll(/\s/g, '');
  return (text.startsWith(ENTRY_BEGIN) && !text.endsWith('}')) || ENTRY_BEGIN.startsWith(text);
}

function lateFailureReason(chunk: Buffer): string | undefined {
  if (chunk.length > MAX_ENTRY_BYTES || (chunk[0] !== 0x7b && chunk[0] !== 0x65)) return undefined;
  const text = chunk.toString();
  return (LATE_RUN_FAILURE.exec(parseEntry(text) ?? '') ?? LATE_EXEC_FAILURE.exec(text))?.[1];
}
