import { formatHeader, padOf, TAR_END, tarEntry } from '../../src/lib/index.ts';

type Entry = { file: string | Buffer; mode?: number } | { link: string } | { folder: true } | { hardlink: string };

/** A tar of exactly these entries, in order, names as given: `..`, absolute ones and links included. */
export function buildTar(entries: readonly (readonly [name: string, entry: Entry])[], isEnded = true): Buffer {
  const parts = entries.flatMap(([name, entry]): Buffer[] => {
    if ('link' in entry) return [formatHeader(tarEntry('symlink', name, { linkName: Buffer.from(entry.link) }))];
    if ('hardlink' in entry)
      return [formatHeader(tarEntry('hardlink', name, { linkName: Buffer.from(entry.hardlink) }))];
    if ('folder' in entry) return [formatHeader(tarEntry('directory', `${name}/`))];
    const bytes = Buffer.from(entry.file);
    const header = formatHeader(tarEntry('file', name, { mode: entry.mode ?? 0o644, sizeBytes: bytes.length }));
    return [header, bytes, Buffer.alloc(padOf(bytes.length))];
  });
  return Buffer.concat(isEnded ? [...parts, TAR_END] : parts);
}
