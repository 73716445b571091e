import { native } from './libc.ts';

const mallocTrim = native('int malloc_trim(unsigned long pad)');

/** Gives memory that was freed but is kept for reuse back to the system (malloc_trim(3)). A few milliseconds for 100 MB. */
export function trimHeap(): void {
  mallocTrim(0);
}
