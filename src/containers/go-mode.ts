const S_IFMT = 0o170000;

/** st_mode's type bits and Go's os.FileMode's. */
const TYPES: readonly (readonly [mode: number, bits: number])[] = [
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
];

/** st_mode as Go's os.FileMode, which the archive header carries. */
export function toGoMode(mode: number): number {
  const special = (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (TYPES.find(([type]) => type === (mode & S_IFMT))?.[1] ?? 0) + special + (mode & 0o777);
}
