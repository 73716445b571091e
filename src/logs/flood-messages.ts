import type { Carry } from './line-encoder.ts';

/** Main thread to worker. Messages of one log are handled in order. */
export type ToFlood =
  | { op: 'open'; log: number; base: string; maxBytes: number; maxFiles: number; attributes: string; carry: Carry }
  /** `parts` says which stream (0 stdout, 1 stderr) the next so many bytes are of. */
  | { op: 'write'; log: number; timestamp: string; parts: [stream: 0 | 1, length: number][]; bytes: ArrayBuffer }
  | { op: 'rotate'; log: number }
  | { op: 'close'; log: number; flush: boolean };

/** Worker to main thread. `bytes` goes back to be filled again. */
export type FromFlood =
  | { op: 'written'; log: number; bytes: ArrayBuffer; error?: string }
  | { op: 'full'; log: number }
  | { op: 'rotated'; log: number }
  | { op: 'closed'; log: number; carry: Carry; error?: string };
