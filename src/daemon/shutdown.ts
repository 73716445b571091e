import type { Server } from 'node:http';
import type { Logger } from './log.ts';

const REQUESTS_GRACE_MS = 1000;

/** Runs `stop` at the first SIGTERM or SIGINT; the third one ends the daemon at once. */
export function stopOnSignals(stop: (signal: string) => Promise<void>, log: Logger): void {
  let count = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    count++;
    if (count === 1) {
      void stop(signal).then(
        () => process.exit(0),
        (error: unknown) => {
          log.error(`shutdown failed: ${String(error)}`);
          process.exit(1);
        },
      );
    } else if (count === 2) log.warn('already stopping; once more ends the daemon without cleaning up');
    else process.exit(128 + (signal === 'SIGINT' ? 2 : 15));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** No new connections; requests under way get a moment, streams that never end are cut. */
export async function closeServers(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          // The timer keeps the process alive: nothing else does while a hijacked connection is half closed.
          const timer = setTimeout(() => {
            server.closeAllConnections();
            // Hijacked connections are no longer the server's: the process ends without them.
            resolve();
          }, REQUESTS_GRACE_MS);
          server.close(() => {
            clearTimeout(timer);
            resolve();
          });
          server.closeIdleConnections();
        }),
    ),
  );
}
