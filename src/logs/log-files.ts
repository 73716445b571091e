import fs from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** One file of a log, open for reading. */
export interface LogFile {
  fd: number;
  isCompressed: boolean;
  /** How many rotations old: 0 is the newest. */
  index: number;
  sizeBytes: number;
  mtimeMs: number;
}

/** Opens `<base>.<index>`, or its compressed form. Undefined when neither is there. */
export function openLogFile(base: string, index: number): LogFile | undefined {
  const plain = index === 0 ? base : `${base}.${index}`;
  // Compression puts `.gz` there before it takes the plain file away.
  for (const file of [plain, `${plain}.gz`, plain]) {
    try {
      const fd = fs.openSync(file, 'r');
      const { size, mtimeMs } = fs.fstatSync(fd);
      return { fd, isCompressed: file.endsWith('.gz'), index, sizeBytes: size, mtimeMs };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/** Every file of a log, oldest first, opened in one turn so that none changes its number meanwhile. */
export function openLogFiles(base: string): LogFile[] {
  const indices = new Set<number>();
  for (const name of namesIn(path.dirname(base))) {
    const index = indexOf(path.basename(base), name);
    if (index !== undefined) indices.add(index);
  }
  const files: LogFile[] = [];
  for (const index of [...indices].sort((a, b) => b - a)) {
    const file = openLogFile(base, index);
    if (file !== undefined) files.push(file);
  }
  return files;
}

/** Paths of everything that belongs to a log. */
export async function logFilePaths(base: string): Promise<string[]> {
  const directory = path.dirname(base);
  const names = await readdir(directory).catch(() => [] as string[]);
  const name = path.basename(base);
  return names
    .filter((entry) => indexOf(name, entry) !== undefined || entry === `${name}.gz-partial`)
    .map((entry) => path.join(directory, entry));
}

function namesIn(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function indexOf(base: string, name: string): number | undefined {
  if (!name.startsWith(base)) return undefined;
  const found = /^(?:\.(\d{1,6})(?:\.gz)?)?$/.exec(name.slice(base.length));
  return found === null ? undefined : Number(found[1] ?? 0);
}
