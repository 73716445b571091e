/**
 * The closed set of what can go wrong. HTTP statuses, OCI error codes and exit codes are chosen from it at the edges,
 * by an exhaustive `Record<ErrorKind, …>`.
 */
export type ErrorKind =
  | 'invalid-parameter'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'not-implemented'
  | 'unavailable'
  | 'cancelled'
  | 'no-space'
  | 'system';

export interface EngineErrorOptions {
  /** Stable, kebab-case, listed in docs/errors.md: what a program matches on. */
  code: string;
  detail?: Record<string, unknown>;
  cause?: unknown;
}

/** The only error that crosses a room's door. `message` is Docker's own text wherever Docker has one: clients match on it. */
export class EngineError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly detail: Record<string, unknown>;

  constructor(kind: ErrorKind, message: string, options: EngineErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.kind = kind;
    this.code = options.code;
    this.detail = options.detail ?? {};
  }
}

type Make = (code: string, message: string, rest?: Omit<EngineErrorOptions, 'code'>) => EngineError;
const maker =
  (kind: ErrorKind): Make =>
  (code, message, rest) =>
    new EngineError(kind, message, { code, ...rest });

export const invalidParameter = maker('invalid-parameter');
export const unauthorized = maker('unauthorized');
export const forbidden = maker('forbidden');
export const notFound = maker('not-found');
export const conflict = maker('conflict');
export const notImplemented = maker('not-implemented');
export const unavailable = maker('unavailable');
export const cancelled = maker('cancelled');
export const noSpace = maker('no-space');
export const systemError = maker('system');

/** Is `error` an EngineError (of this kind, if one is named)? */
export function isEngineError(error: unknown, kind?: ErrorKind): error is EngineError {
  return error instanceof EngineError && (kind === undefined || error.kind === kind);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
