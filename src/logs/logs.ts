import { mkdirSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { notImplemented } from '../errors/index.ts';
import { createClock } from './clock.ts';
import type { LogEntry, LoggedContainer, LogReadOptions, Logs, LogWriter } from './contract.ts';
import { FileWriter } from './file-writer.ts';
import { Flood } from './flood.ts';
import { type Block, newBlock } from './line-encoder.ts';
import { LiveLog } from './live-log.ts';
import { logFilePaths } from './log-files.ts';
import { readLog } from './read.ts';
import { attributesOf, type LogSettings, parseSettings } from './settings.ts';

interface Needs {
  /** Unix time in nanoseconds. Default: the system clock. */
  nowNs?(): bigint;
  /** Says that log lines are lost (a full disk). Default: stderr. */
  warn?(message: string): void;
}

const SCRATCH_BYTES = 256 * 1024;

export function createLogs(needs: Needs = {}): Logs {
  const nowNs = needs.nowNs ?? createClock();
  const warn = needs.warn ?? ((message) => console.error(message));
  const live = new Map<string, LiveLog>();
  const flood = new Flood();
  let scratch: Block | undefined;

  const openWriter = async (container: LoggedContainer): Promise<LogWriter> => {
    const settings = parseSettings(container.config);
    if (settings.driver === 'none') return nothing;
    const base = basePath(container, settings);
    if (settings.driver === 'local') mkdirSync(path.dirname(base), { recursive: true, mode: 0o700 });
    const found = settings.driver === 'local' ? undefined : attributesOf(container);
    const attributes = found === undefined ? '' : JSON.stringify(found);
    scratch = blockFor(scratch, attributes);
    const log = new LiveLog(settings.maxFiles);
    const writer = new FileWriter({ base, settings, attributes, live: log, flood, block: scratch, nowNs, warn });
    live.set(base, log);
    return {
      write: (stream, chunk) => writer.write(stream, chunk),
      drained: () => writer.drained(),
      close: async () => {
        await writer.close();
        if (live.get(base) === log) live.delete(base);
      },
    };
  };

  return {
    defaultConfig: { type: 'json-file', options: {} },
    validate: (config) => void parseSettings(config),
    openWriter,
    read(container, options, signal) {
      const settings = parseSettings(container.config);
      if (settings.driver === 'none') throw unreadable();
      const base = basePath(container, settings);
      return read(base, live.get(base), options, signal);
    },
    path(container) {
      const settings = parseSettings(container.config);
      return settings.driver === 'json-file' ? basePath(container, settings) : '';
    },
    async remove(container) {
      for (const file of await filesOf(container)) await rm(file, { force: true });
    },
    async size(container) {
      const sizes = (await filesOf(container)).map((file) =>
        stat(file).then(
          ({ size }) => size,
          () => 0,
        ),
      );
      return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    },
    close: () => flood.close(),
  };
}

/** A generator does not run before its first `next()`; this one is only asked for what can be read. */
const read = (
  base: string,
  live: LiveLog | undefined,
  options: LogReadOptions,
  signal: AbortSignal,
): AsyncIterable<LogEntry[]> => readLog(base, live, options, signal);

function basePath(container: LoggedContainer, { driver }: LogSettings): string {
  const folder = driver === 'local' ? path.join(container.dir, 'local-logs') : container.dir;
  return path.join(folder, driver === 'local' ? 'container.log' : `${container.id}-json.log`);
}

async function filesOf(container: LoggedContainer): Promise<string[]> {
  const settings = parseSettings(container.config);
  return settings.driver === 'none' ? [] : await logFilePaths(basePath(container, settings));
}

/** One block serves every writer of the main thread, as long as the attributes fit. */
function blockFor(block: Block | undefined, attributes: string): Block {
  const wanted = newBlock(attributes, SCRATCH_BYTES);
  return block !== undefined && block.bytes.length >= wanted.bytes.length ? block : wanted;
}

const unreadable = (): Error =>
  notImplemented('log-driver-unreadable', 'configured logging driver does not support reading');

const nothing: LogWriter = { write: () => true, drained: async () => {}, close: async () => {} };
