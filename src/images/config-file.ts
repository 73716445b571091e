import { invalidParameter } from '../errors/index.ts';
import { type ImageConfigFile, isDigest } from '../oci/index.ts';

const MAX_LAYERS = 128;
const MAX_HISTORY = 10_000;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isMapOrNothing = (value: unknown): boolean => value === undefined || value === null || isRecord(value);

const isListOrNothing = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.every((item) => typeof item === 'string'));

/**
 * An image config as its bytes say, checked as far as the engine relies on it: it may come from anybody.
 * @throws invalid-parameter `invalid-image-config`
 */
export function parseConfigFile(bytes: Uint8Array): { config: ImageConfigFile; text: string } {
  let text: string;
  let found: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    found = JSON.parse(text);
  } catch (error) {
    throw invalid('it is not JSON', error);
  }
  if (!isRecord(found)) throw invalid('it is not an object');
  const { rootfs, config, history, os, architecture } = found;
  if (!isRecord(rootfs) || !Array.isArray(rootfs['diff_ids'])) throw invalid('it has no rootfs.diff_ids');
  const diffIds: unknown[] = rootfs['diff_ids'];
  if (diffIds.length > MAX_LAYERS) throw invalid(`it has ${diffIds.length} layers, more than ${MAX_LAYERS}`);
  for (const diffId of diffIds)
    if (typeof diffId !== 'string' || !isDigest(diffId)) throw invalid('a diff id is no sha256 digest');
  if (typeof os !== 'string' && os !== undefined) throw invalid('its os is not a string');
  if (typeof architecture !== 'string' && architecture !== undefined) throw invalid('its architecture is not a string');
  checkRunConfig(config);
  if (!isMapOrNothing(history) && !Array.isArray(history)) throw invalid('its history is not a list');
  if (Array.isArray(history) && (history.length > MAX_HISTORY || !history.every(isRecord)))
    throw invalid('its history is not a list of entries');
  return { config: { os: 'linux', architecture: '', ...found } as unknown as ImageConfigFile, text };
}

function checkRunConfig(config: unknown): void {
  if (config === undefined || config === null) return;
  if (!isRecord(config)) throw invalid('its config is not an object');
  for (const key of ['Env', 'Cmd', 'Entrypoint', 'OnBuild', 'Shell'])
    if (!isListOrNothing(config[key])) throw invalid(`config.${key} is not a list of strings`);
  for (const key of ['Labels', 'Volumes', 'ExposedPorts'])
    if (!isMapOrNothing(config[key])) throw invalid(`config.${key} is not an object`);
  for (const key of ['User', 'WorkingDir', 'StopSignal'])
    if (config[key] !== undefined && config[key] !== null && typeof config[key] !== 'string')
      throw invalid(`config.${key} is not a string`);
}

const invalid = (why: string, cause?: unknown): Error =>
  invalidParameter('invalid-image-config', `invalid image config: ${why}`, { cause });

/** Nanoseconds since 1970; undefined when the config does not say (or says something that is no time). */
export function createdNs(config: ImageConfigFile): bigint | undefined {
  const { created } = config;
  if (typeof created !== 'string') return undefined;
  const ms = Date.parse(created);
  if (Number.isNaN(ms)) return undefined;
  const digits = /\.(\d{1,9})/.exec(created)?.[1] ?? '';
  return BigInt(Math.floor(ms / 1000)) * 1_000_000_000n + BigInt(digits.padEnd(9, '0'));
}

/** Whole seconds, 0 when unknown: what lists show. */
export function createdSeconds(config: ImageConfigFile): number {
  const ns = createdNs(config);
  return ns === undefined ? 0 : Number(ns / 1_000_000_000n);
}

export function labelsOf(config: ImageConfigFile): Record<string, string> | null {
  return config.config?.Labels ?? null;
}
