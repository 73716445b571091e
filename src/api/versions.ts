/** The newest version of the Engine API we speak. */
export const MAX_API_VERSION = '1.51';
/** The oldest. */
export const MIN_API_VERSION = '1.24';

/** Orders versions by their numbers, part by part (`1.9` < `1.10`). A missing part counts as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = Number(left[i] || 0) - Number(right[i] || 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

export function isBefore(version: string, other: string): boolean {
  return compareVersions(version, other) < 0;
}

/** What a path's version means: the version to speak, or why not. A path without a version speaks the newest. */
export type Negotiated = { version: string } | { refused: 'too-old' | 'too-new'; message: string };

export function negotiate(asked: string | undefined): Negotiated {
  if (asked === undefined) return { version: MAX_API_VERSION };
  if (isBefore(asked, MIN_API_VERSION)) {
    const hint = 'please upgrade your client to a newer version';
    const message = `client version ${asked} is too old. Minimum supported API version is ${MIN_API_VERSION}, ${hint}`;
    return { refused: 'too-old', message };
  }
  if (isBefore(MAX_API_VERSION, asked)) {
    const message = `client version ${asked} is too new. Maximum supported API version is ${MAX_API_VERSION}`;
    return { refused: 'too-new', message };
  }
  return { version: asked };
}
