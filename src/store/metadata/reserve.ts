import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const RESERVE_BYTES = 1 << 20;

/** Room kept for the records on a disk that is full: what frees space (`rm`, `prune`) has to write a record first. */
export interface Reserve {
  /** Takes the room back when there is plenty. Never throws. */
  fill(): void;
  /** Gives it up; false when it was given up before. */
  release(): boolean;
}

export function createReserve(databasePath: string): Reserve {
  const path = `${databasePath}.reserve`;
  let isFilled = existsSync(path);
  return {
    fill() {
      if (isFilled) return;
      try {
        const { bavail, bsize } = statfsSync(dirname(path));
        if (bavail * bsize < 8 * RESERVE_BYTES) return;
        writeFileSync(path, Buffer.alloc(RESERVE_BYTES), { mode: 0o600 });
        isFilled = true;
      } catch {
        rmSync(path, { force: true });
      }
    },
    release() {
      if (!isFilled) return false;
      rmSync(path, { force: true });
      isFilled = false;
      return true;
    },
  };
}
