import { dockerfileError } from '../errors.ts';
import { quote } from '../parser/quote.ts';
import { parseDuration } from './duration.ts';
import { Flags } from './flags.ts';
import type { InstructionBody } from './readers.ts';
import type { Request } from './request.ts';

const known = {
  interval: 'string',
  timeout: 'string',
  'start-period': 'string',
  'start-interval': 'string',
  retries: 'string',
} as const;

export function readHealthcheck(request: Request): InstructionBody {
  const [first, ...rest] = request.args;
  if (first === undefined) throw dockerfileError('HEALTHCHECK requires at least one argument');
  const type = first.toUpperCase();
  if (type === 'NONE') {
    if (rest.length > 0) throw dockerfileError('HEALTHCHECK NONE takes no arguments');
    return { kind: 'healthcheck', test: ['NONE'] };
  }
  const flags = new Flags(request.flags, known);
  if (type !== 'CMD') throw dockerfileError(`Unknown type ${quote(type)} in HEALTHCHECK (try CMD)`);
  if (rest.length === 0) throw dockerfileError('Missing command after HEALTHCHECK CMD');
  const body: Extract<InstructionBody, { kind: 'healthcheck' }> = {
    kind: 'healthcheck',
    test: request.isJson ? ['CMD', ...rest] : ['CMD-SHELL', rest.join(' ')],
  };
  const intervalNs = readInterval(flags, 'interval');
  const timeoutNs = readInterval(flags, 'timeout');
  const startPeriodNs = readInterval(flags, 'start-period');
  const startIntervalNs = readInterval(flags, 'start-interval');
  const retries = readRetries(flags.string('retries'));
  if (intervalNs > 0) body.intervalNs = intervalNs;
  if (timeoutNs > 0) body.timeoutNs = timeoutNs;
  if (startPeriodNs > 0) body.startPeriodNs = startPeriodNs;
  if (startIntervalNs > 0) body.startIntervalNs = startIntervalNs;
  if (retries > 0) body.retries = retries;
  return body;
}

/** 0 stands for "the default". */
function readInterval(flags: Flags, name: keyof typeof known): number {
  const value = flags.string(name);
  if (!value) return 0;
  const ns = parseDuration(value);
  if (ns !== 0 && ns < 1e6) throw dockerfileError(`Interval ${quote(name)} cannot be less than 1ms`);
  return ns;
}

function readRetries(value: string | undefined): number {
  if (!value) return 0;
  const failure = `strconv.ParseInt: parsing ${quote(value)}`;
  if (!/^[+-]?\d+$/.test(value)) throw dockerfileError(`${failure}: invalid syntax`);
  const retries = Number(value);
  if (retries > 2 ** 31 - 1 || retries < -(2 ** 31)) throw dockerfileError(`${failure}: value out of range`);
  if (retries < 0) throw dockerfileError(`--retries cannot be negative (${retries})`);
  return retries;
}
