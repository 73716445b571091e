import { closeFd, O_DIRECTORY, O_RDONLY, openAt } from './at.ts';
import { HostError, native } from './libc.ts';

type Async = { async(fd: number, done: (error: unknown, result: number) => void): void };
const syncfs = native('int syncfs(int fd)') as unknown as Async;
const AT_FDCWD = -100;
const EIO = 5;

/** syncfs(2) of the file system that holds `folder`, on a pool thread: it may take seconds. */
export async function syncFileSystem(folder: string): Promise<void> {
  const fd = openAt(AT_FDCWD, Buffer.from(folder), O_RDONLY | O_DIRECTORY);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    syncfs.async(fd, (error, result) => (error ? reject(error) : resolve(result)));
    // errno belongs to the pool's thread; what syncfs reports is a write that failed.
    if ((await promise) === -1) throw new HostError('syncfs', EIO, folder);
  } finally {
    closeFd(fd);
  }
}
