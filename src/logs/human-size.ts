const POWER: Record<string, number> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** `10m`, `1.5 GB`, `512KiB` as bytes, in steps of `base`; undefined for anything else. */
export function parseHumanSize(text: string, base: 1000 | 1024): number | undefined {
  const found = /^(-?\d{1,15}(?:\.\d{1,9})?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (found === null) return undefined;
  const bytes = Number(found[1]) * base ** (POWER[(found[2] ?? '').toLowerCase()] ?? 0);
  return Number.isSafeInteger(Math.trunc(bytes)) ? Math.trunc(bytes) : undefined;
}
