import type { ExecStartConfig } from '../../api/index.ts';
import { conflict, isEngineError, systemError } from '../../errors/index.ts';
import type { ProcessSpec } from '../../oci/index.ts';
import type { Container } from '../container.ts';
import type { Context } from '../context.ts';
import type { AttachStreams } from '../contract.ts';
import { findHostCa, HOST_CA_ANNOTATION, hostCaEnv } from '../host-ca.ts';
import { userOf } from '../rootfs-user.ts';
import { parseSecurityOptions } from '../security-options.ts';
import { environment } from '../spec/build-spec.ts';
import { capabilitySets, effectiveCapabilities } from '../spec/capabilities.ts';
import { DetachKeys } from '../stdio/detach-keys.ts';
import { StdioHub } from '../stdio/hub.ts';
import { pumpInput } from '../stdio/pump-input.ts';
import { checkRunning, commandLine, execUser } from './create-exec.ts';
import { parseDetachKeys } from './detach-keys-text.ts';
import type { Exec } from './exec.ts';
import type { ExecStore } from './exec-store.ts';

type Needs = Pick<Context, 'directory' | 'events' | 'runtime' | 'facts' | 'config'>;

/**
 * Claims the exec (it starts once) and gives the run: with streams it ends with the process or the client; without
 * (detached) it resolves when the process has started.
 */
export function startExec(
  needs: Needs,
  execs: ExecStore,
  execId: string,
  start: ExecStartConfig,
): { tty: boolean; run(streams: AttachStreams | undefined, signal: AbortSignal): Promise<void> } {
  const exec = execs.get(execId);
  const container = needs.directory.get(exec.containerId);
  const tty = exec.config.Tty ?? false;
  if (exec.isRunning) throw conflict('exec-running', `Error: Exec command ${execId} is already running`);
  if (exec.hasStarted) throw conflict('exec-has-run', `exec command ${execId} has already run`);
  checkRunning(container, container.record.name);
  exec.hasStarted = true;
  return { tty, run: (streams, signal) => run({ needs, execs, exec, container, start }, streams, signal) };
}

interface Starting {
  needs: Needs;
  execs: ExecStore;
  exec: Exec;
  container: Container;
  start: ExecStartConfig;
}

async function run(starting: Starting, streams: AttachStreams | undefined, signal: AbortSignal): Promise<void> {
  const { needs, execs, exec, container } = starting;
  const { config } = exec;
  const attributes = { ...container.attributes, execID: exec.id };
  needs.events.publish('container', `exec_start: ${commandLine(config)}`, { id: container.id, attributes });
  const hub = new StdioHub();
  const tty = config.Tty ?? false;
  const client =
    streams === undefined
      ? undefined
      : hub.add({
          output: streams.output,
          tty,
          stdout: config.AttachStdout ?? false,
          stderr: config.AttachStderr ?? false,
        });
  const process = await startProcess(starting, streams !== undefined);
  const pumped = hub.connect(process.io, undefined);
  const ended = process.exited.then(async ({ exitCode }) => {
    await pumped;
    exec.end(exitCode);
    execs.forgetLater(exec);
    needs.events.publish('container', 'exec_die', {
      id: container.id,
      attributes: { ...attributes, exitCode: String(exitCode) },
    });
    hub.finish();
  });
  if (streams === undefined || client === undefined) {
    process.io.stdin?.end();
    return;
  }
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const ends: Promise<unknown>[] = [ended, aborted];
  if (process.io.stdin === undefined) streams.input.resume();
  else ends.push(copyInput());
  await Promise.race(ends);
  client.end();

  /** Resolves only where the end of the input ends the attachment: at the detach keys. */
  async function copyInput(): Promise<void> {
    const { stdin } = process.io;
    if (stdin === undefined || streams === undefined) return;
    const keys = tty ? new DetachKeys(parseDetachKeys(config.DetachKeys ?? '')) : undefined;
    if ((await pumpInput(streams.input, stdin, keys)) === 'detached') {
      needs.events.publish('container', 'exec_detach', { id: container.id, attributes });
      return;
    }
    stdin.end();
    await new Promise(() => {});
  }
}

async function startProcess(
  { needs, exec, container, start }: Starting,
  isAttached: boolean,
): ReturnType<Needs['runtime']['exec']> {
  const { config } = exec;
  const [height = 0, width = 0] = start.ConsoleSize ?? config.ConsoleSize ?? [];
  try {
    const process = await needs.runtime.exec({
      containerId: container.id,
      execId: exec.id,
      process: processSpec(needs, container, exec),
      stdio: { tty: config.Tty ?? false, stdin: isAttached && config.AttachStdin ? 'once' : 'none' },
      ...(height > 0 && width > 0 && { consoleSize: { height, width } }),
    });
    exec.begin(process);
    return process;
  } catch (error) {
    const code = isEngineError(error) ? error.detail['exitCode'] : undefined;
    exec.fail(error, typeof code === 'number' ? code : 126);
    throw error;
  }
}

/** The container's own confinement; an exec may ask for all capabilities, never for less filtering. */
function processSpec({ facts, config: daemon }: Needs, container: Container, exec: Exec): ProcessSpec {
  const { config, hostConfig } = container.record;
  const { config: asked } = exec;
  const isPrivileged = hostConfig.Privileged === true || asked.Privileged === true;
  const capabilities = effectiveCapabilities({
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
    isPrivileged,
    available: facts.capabilities,
  });
  const { home, ...user } = userOf(container.rootfs, execUser(container, asked), hostConfig.GroupAdd ?? []);
  const tty = asked.Tty ?? false;
  const own = [...(config.Env ?? []), ...(asked.Env ?? [])];
  const hasHostCa =
    hostConfig.Annotations?.[HOST_CA_ANNOTATION] === 'true' && findHostCa(daemon.hostCaBundle) !== undefined;
  const env = [...own, ...(hasHostCa ? hostCaEnv(own) : [])];
  const { noNewPrivileges } = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  return {
    terminal: tty,
    user,
    args: [...(asked.Cmd ?? [])],
    env: environment(env, tty, config.Hostname ?? '', home),
    cwd: asked.WorkingDir || config.WorkingDir || '/',
    capabilities: capabilitySets(capabilities),
    noNewPrivileges: noNewPrivileges ?? daemon.noNewPrivileges ?? false,
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

const READY_TIMEOUT_MS = 10_000;

export async function resizeExec(execs: ExecStore, execId: string, height: number, width: number): Promise<void> {
  const exec = execs.get(execId);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(systemError('exec-not-ready', 'timeout waiting for exec session ready')),
    READY_TIMEOUT_MS,
  );
  try {
    const process = await Promise.race([exec.started, late]);
    process.io.resize(height, width);
  } finally {
    clearTimeout(timer);
  }
}
