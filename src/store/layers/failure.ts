import { EngineError, type ErrorKind, invalidParameter, noSpace, systemError } from '../../errors/index.ts';
import { HostError } from '../../host/index.ts';
import { PatternError } from '../../lib/index.ts';

/** An error as data: classes do not survive the way between threads. */
export interface Failure {
  kind?: ErrorKind;
  code: string;
  message: string;
  errno?: string;
  detail?: Record<string, unknown>;
}

/** What an archive, a path or a tree can bring about; any other errno is the host's fault. */
const FAULTS: Record<string, string> = {
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  EMLINK: 'too many links',
  EEXIST: 'file exists',
  ENOENT: 'no such file or directory',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
  EINVAL: 'invalid argument',
  EROFS: 'read-only file system',
};

export function toFailure(error: unknown): Failure {
  if (error instanceof EngineError) {
    const { kind, code, message, detail } = error;
    return { kind, code, message, detail };
  }
  if (error instanceof PatternError) return { kind: 'invalid-parameter', code: 'bad-pattern', message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  const errno = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const fault = errno === undefined || !(error instanceof HostError) ? undefined : FAULTS[errno];
  // "openat name: ENOTDIR" as the sentence that others print.
  const text = fault === undefined ? message : `${message.slice(0, message.lastIndexOf(':'))}: ${fault}`;
  return { code: 'host', message: text, ...(errno !== undefined && { errno }) };
}

/** The error that leaves the room; full disks are told apart. */
export function fromFailure({ kind, code, message, errno, detail = {} }: Failure): EngineError {
  if (kind !== undefined) return new EngineError(kind, message, { code, detail });
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return noSpace('no-space', `no space left on device: ${message}`);
  if (errno !== undefined && errno in FAULTS) return invalidParameter('bad-path', message, { detail: { errno } });
  return systemError('layers-failed', message, { detail: errno === undefined ? {} : { errno } });
}

/** Work on this thread, with this room's errors. */
export async function guarded<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const known = fromFailure(toFailure(error));
    known.cause = error;
    throw known;
  }
}
