import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ContainerTopResponse } from '../api/index.ts';
import { conflict, invalidParameter, messageOf, systemError } from '../errors/index.ts';
import type { Context } from './context.ts';
import { notRunning } from './errors.ts';

const run = promisify(execFile);
/** A header that takes PID away from under the filter, and options that write nothing of the process table. */
const RENAMED_PID = /(^|\s|,)pid=/;

/** The host's own `ps`, filtered by the container's processes: nothing of the container is run. */
export async function topContainer(
  { directory, runtime, events }: Pick<Context, 'directory' | 'runtime' | 'events'>,
  ref: string,
  psArgs: string,
): Promise<ContainerTopResponse> {
  const args = psArgs === '' ? '-ef' : psArgs;
  if (RENAMED_PID.test(args)) {
    throw systemError('bad-ps-args', `specifying "${/\S*pid=\S*/.exec(args)?.[0] ?? ''}" is not allowed`);
  }
  const container = directory.get(ref);
  if (!container.isLive) throw notRunning(container.id);
  if (container.record.state.status === 'restarting') {
    throw conflict(
      'container-restarting',
      `Container ${container.id} is restarting, wait until the container is running`,
    );
  }
  const pids = await runtime.pids(container.id);
  let output: string;
  try {
    output = (await run('ps', args.split(/\s+/).filter(Boolean), { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } }))
      .stdout;
  } catch (error) {
    throw systemError('ps-failed', `ps: ${firstLineOf(error)}`, { cause: error });
  }
  const table = parsePs(output, new Set(pids));
  events.publish('container', 'top', { id: container.id, attributes: container.attributes });
  return table;
}

/** What `ps` itself said, its usage left out. */
function firstLineOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).split('\n', 1)[0] : '';
  return said || messageOf(error);
}

/** Columns by blanks, the last one as it is; rows of these processes (and their continuation lines). */
export function parsePs(output: string, pids: ReadonlySet<number>): ContainerTopResponse {
  const [header = '', ...lines] = output.split('\n').filter((line) => line !== '');
  const titles = header.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn === -1) throw invalidParameter('no-pid-column', "Couldn't find PID field in ps output");
  const rows: string[][] = [];
  let isWanted = false;
  for (const line of lines) {
    const fields = line.trim().split(/\s+/);
    const pid = fields[pidColumn] ?? '';
    if (pid !== '-') isWanted = pids.has(Number(pid));
    if (!isWanted) continue;
    rows.push([...fields.slice(0, titles.length - 1), fields.slice(titles.length - 1).join(' ')]);
  }
  return { Titles: titles, Processes: rows };
}
