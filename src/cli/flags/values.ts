import { isIP } from 'node:net';
import { invalidParameter } from '../../errors/index.ts';
import { parseBytes, parseDurationNs } from '../format/units.ts';

const bad = (message: string): Error => invalidParameter('bad-flag', message);

/** A size in bytes (`64m`); `-1` where a flag knows "without limit". @throws invalid-parameter `bad-flag` */
export function parseSize(text: string): number {
  if (text === '') return 0;
  const size = text === '-1' ? -1 : parseBytes(text);
  if (size === undefined) throw bad(`invalid size: '${text}'`);
  return size;
}

export function parseDuration(text: string): number {
  const value = parseDurationNs(text);
  if (value === undefined) throw bad(`time: invalid duration "${text}"`);
  return value;
}

/** `1.5` CPUs in billionths. */
export function parseCpus(text: string): number {
  if (!/^\d*\.?\d+$/.test(text)) throw bad(`failed to parse ${text} as a rational number`);
  const [whole = '0', fraction = ''] = text.split('.');
  if (fraction.length > 9) throw bad('value is too precise');
  return Number(whole) * 1e9 + Number(fraction.padEnd(9, '0'));
}

const ULIMITS = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

/** `nofile=1024:2048`; one number is both limits. */
export function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const [name = '', limits, ...rest] = text.split('=');
  if (limits === undefined || rest.length > 0) throw bad(`invalid ulimit argument: ${text}`);
  if (!ULIMITS.has(name)) throw bad(`invalid ulimit type: ${name}`);
  const [soft, hard, ...more] = limits.split(':').map((word) => {
    if (!/^[+-]?\d+$/.test(word)) throw bad(`strconv.ParseInt: parsing ${JSON.stringify(word)}: invalid syntax`);
    return Number(word);
  });
  if (more.length > 0)
    throw bad(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  const [Soft = 0, Hard = Soft] = [soft, hard];
  if (Hard !== -1 && Soft > Hard)
    throw bad(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
  return { Name: name, Soft, Hard };
}

/** `host:ip` or `host=ip` (IPv6 perhaps in brackets, or `host-gateway`) as the API's `host:ip`. */
export function parseHostEntry(text: string): string {
  const match = /^([^:=]+)[:=](.+)$/.exec(text);
  if (match === null) throw bad(`bad format for add-host: ${JSON.stringify(text)}`);
  const [, host = '', value = ''] = match;
  const address = value.replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && isIP(address) === 0)
    throw bad(`invalid IP address in add-host: ${JSON.stringify(value)}`);
  return `${host}:${address}`;
}

export function checkAddress(text: string): void {
  if (isIP(text) === 0) throw bad(`IP address is not correctly formatted: ${text}`);
}

export function checkLabel(text: string): void {
  if (text === '' || text.startsWith('=')) throw bad(`invalid label '${text}': empty name`);
}

export function checkVariable(text: string): void {
  if (text === '' || text.startsWith('=')) throw bad(`invalid environment variable: ${text}`);
}

export function checkStream(text: string): void {
  if (!['stdin', 'stdout', 'stderr'].includes(text.toLowerCase()))
    throw bad('valid streams are STDIN, STDOUT and STDERR');
}

const KERNEL_SYSCTLS = new Set(
  'kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced'.split(
    ' ',
  ),
);

/** Only what is a namespace's own. */
export function checkSysctl(text: string): void {
  const [name = '', value] = text.split('=');
  const isOwn = KERNEL_SYSCTLS.has(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.');
  if (value === undefined || !isOwn) throw bad(`sysctl '${text}' is not allowed`);
}

export function checkDeviceRule(text: string): void {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text)) throw bad(`invalid device cgroup format '${text}'`);
}

function splitDevice(text: string): [path: string, value: string] {
  const at = text.indexOf(':');
  if (at <= 0 || at === text.length - 1) throw bad(`bad format: ${text}`);
  if (!text.startsWith('/dev/')) throw bad(`bad format for device path: ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

const RATE = 'The correct format is <device-path>:<number>';

/** `/dev/sda:1mb` */
export function parseByteRate(text: string): { Path: string; Rate: number } {
  const [Path, value] = splitDevice(text);
  const Rate = parseBytes(value);
  if (Rate === undefined)
    throw bad(
      `invalid rate for device: ${text}. ${RATE}[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  return { Path, Rate };
}

/** `/dev/sda:100` */
export function parseCountRate(text: string): { Path: string; Rate: number } {
  const [Path, value] = splitDevice(text);
  if (!/^\d+$/.test(value)) throw bad(`invalid rate for device: ${text}. ${RATE}. Number must be a positive integer`);
  return { Path, Rate: Number(value) };
}

/** `/dev/sda:500` */
export function parseDeviceWeight(text: string): { Path: string; Weight: number } {
  const [Path, value] = splitDevice(text);
  const Weight = Number(value);
  if (!/^\d+$/.test(value) || (Weight > 0 && (Weight < 10 || Weight > 1000)))
    throw bad(`invalid weight for device: ${text}`);
  return { Path, Weight };
}

/** `--gpus all`, `--gpus 2`, `--gpus '"device=0,1",capabilities=compute'`. */
export function parseGpus(text: string): Record<string, unknown> {
  let count: number | undefined;
  let driver = '';
  let ids: string[] | null = null;
  const capabilities = new Set<string>();
  for (const [, quoted, plain] of text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    const field = quoted?.replaceAll('""', '"') ?? plain ?? '';
    const at = field.indexOf('=');
    const [key, value] = at < 0 ? ['count', field] : [field.slice(0, at), field.slice(at + 1)];
    if (key === 'count') {
      if (value !== 'all' && !/^-?\d+$/.test(value))
        throw bad(`invalid count (${value}): value must be either "all" or an integer`);
      count = value === 'all' ? -1 : Number(value);
    } else if (key === 'driver') driver = value;
    else if (key === 'device') ids = value.split(',');
    else if (key === 'capabilities') for (const one of value.split(',')) capabilities.add(one);
    else if (key !== 'options') throw bad(`unexpected key '${key}' in '${field}'`);
  }
  capabilities.add('gpu');
  return {
    Driver: driver,
    Count: count ?? (ids === null ? 1 : 0),
    DeviceIDs: ids,
    Capabilities: [[...capabilities]],
    Options: {},
  };
}
