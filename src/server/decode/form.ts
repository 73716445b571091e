import { invalidParameter } from '../../errors/index.ts';

const FALSE_WORDS = new Set(['', '0', 'no', 'false', 'none']);
const INTEGER = /^[+-]?\d+$/;
const MAX_INT64 = 2n ** 63n - 1n;

/** A flag as dockerd reads one: everything but these five words is true. */
export function boolValue(query: URLSearchParams, key: string): boolean {
  return !FALSE_WORDS.has((query.get(key) ?? '').trim().toLowerCase());
}

export function boolValueOrDefault(query: URLSearchParams, key: string, otherwise: boolean): boolean {
  return query.has(key) ? boolValue(query, key) : otherwise;
}

/** A text parameter; the empty one counts as absent. */
export function textValue(query: URLSearchParams, key: string): string | undefined {
  return query.get(key) || undefined;
}

/** A whole number; absent or empty is undefined. @throws invalid-parameter `bad-number` with Go's text */
export function intValue(query: URLSearchParams, key: string, parser = 'strconv.Atoi'): number | undefined {
  const text = query.get(key) ?? '';
  return text === '' ? undefined : parseInteger(text, parser);
}

export function parseInteger(text: string, parser: string): number {
  if (!INTEGER.test(text)) throw badNumber(parser, text, 'invalid syntax');
  const exact = BigInt(text.replace('+', ''));
  if (exact > MAX_INT64 || exact < -MAX_INT64 - 1n) throw badNumber(parser, text, 'value out of range');
  const value = Number(exact);
  if (!Number.isSafeInteger(value)) throw badNumber(parser, text, 'value out of range');
  return value;
}

/** A terminal's height or width. */
export function sizeValue(query: URLSearchParams, key: 'h' | 'w'): number {
  const text = query.get(key) ?? '';
  const name = key === 'h' ? 'height' : 'width';
  const refuse = (why: string): Error => invalidParameter('bad-size', `invalid resize ${name} "${text}": ${why}`);
  if (!/^-?\d+$/.test(text)) throw refuse('invalid syntax');
  const value = Number(text);
  if (value < 0 || value > 0xffff_ffff) throw refuse('value out of range');
  return value;
}

/**
 * A moment: `seconds`, `seconds.fraction` (up to nine digits). Undefined when absent or empty.
 * @throws invalid-parameter `bad-number` with Go's text
 */
export function timestampValue(query: URLSearchParams, key: string): bigint | undefined {
  const text = query.get(key) ?? '';
  if (text === '') return undefined;
  const dot = text.indexOf('.');
  const seconds = dot < 0 ? text : text.slice(0, dot);
  const fraction = dot < 0 ? '' : text.slice(dot + 1);
  if (!INTEGER.test(seconds)) throw badNumber('strconv.ParseInt', seconds, 'invalid syntax');
  if (fraction !== '' && !/^\d+$/.test(fraction)) throw badNumber('strconv.ParseInt', fraction, 'invalid syntax');
  const nanos = BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  const whole = BigInt(seconds) * 1_000_000_000n;
  return seconds.startsWith('-') ? whole - nanos : whole + nanos;
}

function badNumber(parser: string, text: string, why: string): Error {
  return invalidParameter('bad-number', `${parser}: parsing ${JSON.stringify(text)}: ${why}`);
}
