/** `POST /containers/{id}/exec`: the process to make ready. */
export interface ExecConfig {
  User?: string | undefined;
  Privileged?: boolean | undefined;
  Tty?: boolean | undefined;
  ConsoleSize?: [height: number, width: number] | null | undefined;
  AttachStdin?: boolean | undefined;
  AttachStdout?: boolean | undefined;
  AttachStderr?: boolean | undefined;
  DetachKeys?: string | undefined;
  Env?: string[] | null | undefined;
  WorkingDir?: string | undefined;
  Cmd?: string[] | null | undefined;
}

/** `POST /exec/{id}/start`. */
export interface ExecStartConfig {
  Detach?: boolean | undefined;
  Tty?: boolean | undefined;
  ConsoleSize?: [height: number, width: number] | null | undefined;
}

export interface ProcessConfig {
  privileged?: boolean | undefined;
  user?: string | undefined;
  tty?: boolean | undefined;
  entrypoint?: string | undefined;
  arguments?: string[] | null | undefined;
}

/** `GET /exec/{id}/json`. */
export interface ExecInspect {
  CanRemove: boolean;
  DetachKeys: string;
  ID: string;
  Running: boolean;
  ExitCode: number | null;
  ProcessConfig: ProcessConfig;
  OpenStdin: boolean;
  OpenStderr: boolean;
  OpenStdout: boolean;
  ContainerID: string;
  Pid: number;
}
