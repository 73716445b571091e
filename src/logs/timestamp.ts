const NS_PER_SECOND = 1_000_000_000n;

/** RFC 3339 in UTC with as many digits of the second as are not zero, as Go's RFC3339Nano. */
export function formatTimestamp(ns: bigint): string {
  const seconds = new Date(Number(ns / NS_PER_SECOND) * 1000).toISOString().slice(0, 19);
  const digits = (ns % NS_PER_SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? `${seconds}Z` : `${seconds}.${digits}Z`;
}

const FORM = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Undefined for what is not an RFC 3339 time. */
export function parseTimestamp(text: string): bigint | undefined {
  const found = FORM.exec(text);
  if (found === null) return undefined;
  const ms = Date.parse(`${found[1]}${found[3]}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt((found[2] ?? '').padEnd(9, '0'));
}
