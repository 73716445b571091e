import { type ErrorKind, isEngineError, messageOf } from '../errors/index.ts';

/** Every kind of error has its status; the compiler keeps the table whole. */
export const HTTP_STATUS: Record<ErrorKind, number> = {
  'invalid-parameter': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'not-implemented': 501,
  unavailable: 503,
  cancelled: 500,
  'no-space': 500,
  system: 500,
};

export function statusOf(error: unknown): number {
  return isEngineError(error) ? HTTP_STATUS[error.kind] : 500;
}

/** The text of an error as a client may see it: never empty, and without a stack. */
export function clientMessageOf(error: unknown): string {
  return messageOf(error) || 'internal error';
}
