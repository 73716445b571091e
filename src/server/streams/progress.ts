import { formatProgressLine } from '../../api/index.ts';
import type { Exchange } from '../exchange.ts';
import { clientMessageOf } from '../http-status.ts';

const MAX_WAITING_BYTES = 256 * 1024;

/**
 * A stream of progress messages. The head goes out with the first one, so that a failure before it is still an HTTP
 * error; a failure after it goes in-band.
 */
export class ProgressStream {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Sends a message. A mere progress count is left out while the client is behind. */
  send(message: object): void {
    const { response } = this.#exchange;
    if (response.destroyed || response.writableEnded) return;
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/json' });
    const isCount = 'progressDetail' in message && 'id' in message;
    if (isCount && response.writableLength > MAX_WAITING_BYTES) return;
    response.write(formatProgressLine(message));
  }

  /** Sends a message that must not be lost: wait for the promise, if there is one, before the next. */
  write(message: object): void | Promise<void> {
    this.send(message);
    const { response } = this.#exchange;
    if (!response.writableNeedDrain || response.destroyed) return;
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
  }

  /** The stream is complete. */
  end(): void {
    const { response } = this.#exchange;
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end();
  }

  /** Runs `work` to its end and closes the stream with its outcome. */
  async finish(work: Promise<void>): Promise<void> {
    const { response } = this.#exchange;
    try {
      await work;
    } catch (error) {
      if (!response.headersSent) throw error;
      const message = clientMessageOf(error);
      this.send({ errorDetail: { message }, error: message });
    }
    this.end();
  }
}
