import type { Writable } from 'node:stream';
import type { ProcessIo } from '../contract.ts';
import type { ProcessOutput } from './process-output.ts';

/** Our side of one process's streams. */
export interface ProcessEnds {
  io: ProcessIo;
  outputs: readonly ProcessOutput[];
  stdin?: Writable;
}

/**
 * After the process has ended: resolves when the readers have got everything (or have left) and our descriptors are closed.
 */
export async function settleEnds(ends: ProcessEnds): Promise<void> {
  ends.stdin?.destroy();
  await Promise.all(
    ends.outputs.map(async (output) => {
      const read = output.destroyed || output.readableEnded ? undefined : closeOf(output);
      await output.settle();
      await read;
    }),
  );
}

/** For a process that never started: nothing it wrote is shown. */
export async function discardEnds(ends: ProcessEnds): Promise<void> {
  ends.stdin?.destroy();
  for (const output of ends.outputs) output.destroy();
  await Promise.all(ends.outputs.map((output) => output.settle()));
}

const closeOf = (output: ProcessOutput): Promise<void> =>
  new Promise((resolve) => {
    output.once('end', resolve);
    output.once('close', resolve);
  });
