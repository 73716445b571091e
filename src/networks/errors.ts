import {
  EngineError,
  forbidden,
  isEngineError,
  messageOf,
  notFound,
  notImplemented,
  systemError,
} from '../errors/index.ts';

export const noSuchNetwork = (name: string): EngineError => notFound('no-such-network', `network ${name} not found`);

export const predefinedNetwork = (name: string): EngineError =>
  forbidden('predefined-network', `${name} is a pre-defined network and cannot be removed`);

export const userNetworksMissing = (what: string): EngineError =>
  notImplemented('user-networks', `${what}: user-defined networks are not supported yet`);

/** `error` with Docker's words in front of its message, same kind and code. */
export function withPrefix(prefix: string, error: unknown): EngineError {
  const message = `${prefix}: ${messageOf(error)}`;
  if (!isEngineError(error)) return systemError('network-setup-failed', message, { cause: error });
  return new EngineError(error.kind, message, { code: error.code, detail: error.detail, cause: error });
}
