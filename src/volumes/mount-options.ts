/** Flags of mount(2) by option; `clears` takes one away again (mount(8), "filesystem-independent mount options"). */
const FLAGS: Record<string, { set?: number; clear?: number }> = {
  defaults: {},
  ro: { set: 0x1 },
  rw: { clear: 0x1 },
  nosuid: { set: 0x2 },
  suid: { clear: 0x2 },
  nodev: { set: 0x4 },
  dev: { clear: 0x4 },
  noexec: { set: 0x8 },
  exec: { clear: 0x8 },
  sync: { set: 0x10 },
  async: { clear: 0x10 },
  mand: { set: 0x40 },
  nomand: { clear: 0x40 },
  dirsync: { set: 0x80 },
  noatime: { set: 0x400 },
  atime: { clear: 0x400 },
  nodiratime: { set: 0x800 },
  diratime: { clear: 0x800 },
  bind: { set: 0x1000 },
  rbind: { set: 0x5000 },
  relatime: { set: 0x200000 },
  norelatime: { clear: 0x200000 },
  strictatime: { set: 0x1000000 },
  nostrictatime: { clear: 0x1000000 },
};

export const MS_BIND = 0x1000;

/** The `o` option: what the kernel takes as flags, and the rest as the file system's own data. */
export function parseMountOptions(text: string): { flags: number; data: string } {
  let flags = 0;
  const data: string[] = [];
  for (const option of text.split(',')) {
    const known = Object.hasOwn(FLAGS, option) ? FLAGS[option] : undefined;
    if (known === undefined) {
      if (option !== '') data.push(option);
      continue;
    }
    flags = (flags | (known.set ?? 0)) & ~(known.clear ?? 0);
  }
  return { flags, data: data.join(',') };
}
