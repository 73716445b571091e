import { createInterface } from 'node:readline/promises';
import type { Context } from '../command.ts';

/** Asks before something is removed. Anything but `y` means no; so does the end of input. */
export async function confirm(context: Context, warning: string): Promise<boolean> {
  context.stdout.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  const lines = createInterface({ input: context.stdin });
  try {
    for await (const line of lines) return line.trim().toLowerCase() === 'y';
    return false;
  } finally {
    lines.close();
  }
}
