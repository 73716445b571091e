const MAX = 8192;

/** `0-3,7` → its members; undefined when it is none. */
export function parseCpuList(text: string): Set<number> | undefined {
  const members = new Set<number>();
  for (const part of text.trim().split(',')) {
    const [, from, to = from] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(part) ?? [];
    if (from === undefined) return undefined;
    const [first, last] = [Number(from), Number(to)];
    if (last < first || last > MAX) return undefined;
    for (let one = first; one <= last; one++) members.add(one);
  }
  return members;
}
