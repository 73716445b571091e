import type { ExecConfig, ExecInspect } from '../../api/index.ts';
import type { RunningProcess } from '../../runtime/index.ts';

/** One process to be started in a running container, and what became of it. */
export class Exec {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  process: RunningProcess | undefined;
  hasStarted = false;
  isRunning = false;
  exitCode: number | null = null;
  #started = Promise.withResolvers<RunningProcess>();

  constructor(id: string, containerId: string, config: ExecConfig) {
    this.id = id;
    this.containerId = containerId;
    this.config = config;
    this.#started.promise.catch(() => {});
  }

  get started(): Promise<RunningProcess> {
    return this.#started.promise;
  }

  begin(process: RunningProcess): void {
    this.process = process;
    this.isRunning = true;
    this.#started.resolve(process);
  }

  fail(error: unknown, exitCode: number): void {
    this.exitCode = exitCode;
    this.#started.reject(error);
  }

  end(exitCode: number): void {
    this.isRunning = false;
    this.exitCode = exitCode;
  }

  inspect(): ExecInspect {
    const { config } = this;
    const [entrypoint = '', ...args] = config.Cmd ?? [];
    return {
      ID: this.id,
      Running: this.isRunning,
      ExitCode: this.exitCode,
      ProcessConfig: {
        tty: config.Tty ?? false,
        entrypoint,
        arguments: args,
        privileged: config.Privileged ?? false,
        ...(config.User && { user: config.User }),
      },
      OpenStdin: config.AttachStdin ?? false,
      OpenStderr: config.AttachStderr ?? false,
      OpenStdout: config.AttachStdout ?? false,
      CanRemove: false,
      ContainerID: this.containerId,
      DetachKeys: config.DetachKeys ?? '',
      Pid: this.process?.pid ?? 0,
    };
  }
}
