import { invalidParameter } from '../errors/index.ts';
import { parseLinearRegex } from '../lib/index.ts';
import type { LogConfig, LoggedContainer } from './contract.ts';
import { parseHumanSize } from './human-size.ts';

/** What the options of a log file come to. */
export interface LogSettings {
  driver: 'json-file' | 'local' | 'none';
  maxBytes: number;
  maxFiles: number;
  compress: boolean;
  /** Undefined: a slow disk blocks the container. Otherwise what is above this many bytes in flight is dropped. */
  dropAboveBytes: number | undefined;
}

const DEFAULT_MAX_BYTES = 20_000_000;
const DEFAULT_MAX_FILES = 5;

const GENERAL = ['mode', 'max-buffer-size'];
const FILE = ['max-file', 'max-size', 'compress'];
const ATTRIBUTES = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];

/** Options each driver knows. */
const KNOWN: Record<LogSettings['driver'], readonly string[]> = {
  'json-file': [...FILE, ...ATTRIBUTES],
  local: FILE,
  none: [],
};

const invalid = (message: string): Error => invalidParameter('invalid-log-option', message);

/** @throws invalid-parameter `unknown-log-driver`, `invalid-log-option` with Docker's text */
export function parseSettings({ type, options }: LogConfig): LogSettings {
  const driver = type === '' ? 'json-file' : type;
  if (driver !== 'json-file' && driver !== 'local' && driver !== 'none') {
    const message = `error looking up logging plugin ${driver}: plugin "${driver}" not found`;
    throw invalidParameter('unknown-log-driver', message);
  }
  checkNames(driver, options);
  const dropAboveBytes = parseMode(options);
  const sizeText = options['max-size'];
  const maxBytes = sizeText === undefined ? DEFAULT_MAX_BYTES : positiveSize(sizeText, 'max-size');
  const maxFiles = parseMaxFiles(options['max-file'], driver === 'local' || sizeText === undefined);
  const compress = parseBoolean(options['compress'], driver === 'local' && maxFiles > 1);
  if (compress && maxFiles === 1)
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set');
  return { driver, maxBytes, maxFiles, compress, dropAboveBytes };
}

function checkNames(driver: LogSettings['driver'], options: Record<string, string>): void {
  const names = Object.keys(options).filter((name) => !GENERAL.includes(name));
  if (driver === 'none' && names.length > 0) throw invalid('invalid logging opts for driver none');
  for (const name of names) {
    if (KNOWN[driver].includes(name)) continue;
    const text = driver === 'local' ? `for log driver ${driver}` : `for ${driver} log driver`;
    throw invalid(`unknown log opt '${name}' ${text}`);
  }
  for (const name of ['labels-regex', 'env-regex'])
    if (parseLinearRegex(options[name] ?? '') === undefined)
      throw invalid(`error parsing regexp in ${name}: ${options[name]}`);
}

function parseMode(options: Record<string, string>): number | undefined {
  const mode = options['mode'] ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  const size = options['max-buffer-size'];
  if (mode !== 'non-blocking') {
    if (size === undefined) return undefined;
    throw invalid(`logger: max-buffer-size option is only supported with 'mode=non-blocking'`);
  }
  return size === undefined ? 1 << 20 : positiveSize(size, 'max-buffer-size', 1024);
}

function positiveSize(text: string, name: string, base: 1000 | 1024 = 1000): number {
  const bytes = parseHumanSize(text, base);
  if (bytes === undefined) throw invalid(`invalid ${name}: invalid size: '${text}'`);
  if (bytes <= 0) throw invalid(`${name} must be a positive number`);
  return bytes;
}

/** As in Docker one file is the default of a size that was given; our own default cap has five. */
function parseMaxFiles(text: string | undefined, hasDefaultCap: boolean): number {
  if (text === undefined) return hasDefaultCap ? DEFAULT_MAX_FILES : 1;
  const files = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (files < 1) throw invalid('max-file cannot be less than 1');
  return files;
}

function parseBoolean(text: string | undefined, fallback: boolean): boolean {
  if (text === undefined) return fallback;
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** The extra attributes of each line that `labels`, `env` and `tag` ask for; undefined for none. */
export function attributesOf(container: LoggedContainer): Record<string, string> | undefined {
  const { options } = container.config;
  const found = new Map<string, string>();
  const isWantedLabel = keyTest(options, 'labels');
  for (const [key, value] of Object.entries(container.labels)) if (isWantedLabel(key)) found.set(key, value);
  const isWantedVariable = keyTest(options, 'env');
  for (const variable of container.env) {
    const equals = variable.indexOf('=');
    const key = variable.slice(0, equals);
    if (equals > 0 && isWantedVariable(key)) found.set(key, variable.slice(equals + 1));
  }
  const tag = options['tag'];
  if (tag !== undefined && tag !== '') found.set('tag', expandTag(tag, container));
  if (found.size === 0) return undefined;
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `labels` lists keys, `labels-regex` is a pattern of them; `env` the same. */
function keyTest(options: Record<string, string>, name: 'labels' | 'env'): (key: string) => boolean {
  const listed = (options[name] ?? '').split(',');
  const text = options[`${name}-regex`] ?? '';
  const pattern = text === '' ? undefined : parseLinearRegex(text);
  return (key) => listed.includes(key) || pattern?.finds(key) === true;
}

/** The fields of Docker's tag template; whatever else is between braces stays as it is. */
function expandTag(template: string, container: LoggedContainer): string {
  const imageId = container.imageId ?? '';
  const fields: Record<string, string> = {
    ID: container.id.slice(0, 12),
    FullID: container.id,
    Name: container.name.replace(/^\//, ''),
    ImageName: container.imageName ?? '',
    ImageID: imageId.replace(/^sha256:/, '').slice(0, 12),
    ImageFullID: imageId,
    DaemonName: 'docker',
  };
  return template.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (whole, name: string) =>
    Object.hasOwn(fields, name) ? (fields[name] ?? '') : whole,
  );
}
