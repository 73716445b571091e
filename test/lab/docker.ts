import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Engine, Ran } from '../support/engine.ts';

const inlab = resolve(import.meta.dirname, '../../../shared/lab/inlab');
const testdata = join(import.meta.dirname, 'testdata');

/** Why the lab's tests cannot run here; false where they can. */
export const skip = !existsSync(inlab) && 'the lab with the docker CLI (../shared/lab/inlab) is not on this machine';

/** The unmodified docker CLI against an engine of ours. It sees no files but those below /tmp. */
export interface Docker {
  /** A folder both sides see; gone after `close`. */
  readonly folder: string;
  run(args: string[], options?: { input?: string | Buffer }): Ran;
  /** The same; throws when it does not end with 0. Gives the standard output. */
  must(args: string[], options?: { input?: string | Buffer }): string;
  /** Runs a line of sh in which `docker` is that CLI. */
  shell(line: string): Ran;
  spawn(program: string, args: string[]): ChildProcess;
  /** Runs a line on a terminal: each answer is typed once its prompt has been printed. */
  terminal(
    line: string,
    dialogue?: readonly { prompt: RegExp; answer: string }[],
  ): Promise<{ code: number; shown: string }>;
  /** A copy of a context of `testdata`, which the CLI sees and the test may change. */
  context(name: string): string;
  /** Builds with the classic builder: its progress is `stdout`. */
  build(context: string, ...flags: string[]): Ran;
  inspect<T>(name: string): T;
  close(): void;
}

export function createDocker(engine: Engine): Docker {
  const folder = mkdtempSync(join(tmpdir(), 'berth-lab-'));
  const env = {
    ...process.env,
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    DOCKER_HOST: `unix://${engine.socket}`,
    DOCKER_CONFIG: join(folder, 'config'),
    DOCKER_BUILDKIT: '0',
    DOCKER_CLI_HINTS: 'false',
  };
  const ran = (program: string, args: string[], input: string | Buffer = ''): Ran => {
    const { status, stdout, stderr } = spawnSync(inlab, [program, ...args], {
      env,
      input,
      timeout: 120_000,
      maxBuffer: 1 << 28,
    });
    return { code: status ?? 255, stdout: stdout.toString(), stderr: stderr.toString() };
  };
  const docker: Docker = {
    folder,
    run: (args, { input } = {}) => ran('docker', args, input),
    must(args, { input } = {}) {
      const { code, stdout, stderr } = ran('docker', args, input);
      if (code !== 0) throw new Error(`docker ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`);
      return stdout;
    },
    shell: (line) => ran('sh', ['-c', line]),
    spawn: (program, args) => spawn(inlab, [program, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] }),
    async terminal(line, dialogue = []) {
      const child = docker.spawn('script', ['-qec', line, '/dev/null']);
      const turns = [...dialogue];
      let shown = '';
      let fromHere = '';
      child.stdout?.on('data', (chunk) => {
        shown += String(chunk);
        fromHere += String(chunk);
        if (turns[0]?.prompt.test(fromHere) !== true) return;
        child.stdin?.write(turns.shift()?.answer ?? '');
        fromHere = '';
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
      const code = await new Promise<number>((done) => child.once('close', (status) => done(status ?? 255)));
      clearTimeout(timer);
      return { code, shown };
    },
    context(name) {
      const copy = join(mkdtempSync(join(folder, 'context-')), 'context');
      cpSync(join(testdata, name), copy, { recursive: true });
      return copy;
    },
    build: (context, ...flags) => ran('docker', ['build', ...flags, context]),
    inspect: <T>(name: string): T => (JSON.parse(docker.must(['inspect', name])) as [T])[0],
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
  return docker;
}
