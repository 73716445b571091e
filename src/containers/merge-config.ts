import type { ContainerConfig } from '../api/index.ts';
import { invalidParameter } from '../errors/index.ts';
import type { ImageRunConfig } from '../oci/index.ts';

/** The request's config over the image's, by Docker's rules. The caller adds the host name. */
export function mergeConfig(request: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  // An entrypoint of the request (even an empty one: null from the image is gone) drops the image's command.
  const hasEntrypoint =
    request.Entrypoint !== undefined && request.Entrypoint !== null && request.Entrypoint.length > 0;
  const clearsEntrypoint = request.Entrypoint?.length === 1 && request.Entrypoint[0] === '';
  const entrypoint = hasEntrypoint ? (clearsEntrypoint ? null : request.Entrypoint) : (image.Entrypoint ?? null);
  const ownCmd = request.Cmd !== undefined && request.Cmd !== null && request.Cmd.length > 0;
  const cmd = ownCmd ? request.Cmd : hasEntrypoint ? null : (image.Cmd ?? null);
  const healthcheck = mergeHealthcheck(request, image);
  return {
    Hostname: request.Hostname ?? '',
    Domainname: request.Domainname ?? '',
    User: request.User || image.User || '',
    AttachStdin: request.AttachStdin ?? false,
    AttachStdout: request.AttachStdout ?? false,
    AttachStderr: request.AttachStderr ?? false,
    ...exposed(request, image),
    Tty: request.Tty ?? false,
    OpenStdin: request.OpenStdin ?? false,
    StdinOnce: request.StdinOnce ?? false,
    Env: mergeEnv(request.Env ?? [], image.Env ?? []),
    Cmd: cmd,
    ...(healthcheck && { Healthcheck: healthcheck }),
    ...(image.ArgsEscaped && !hasEntrypoint && !ownCmd && { ArgsEscaped: true }),
    Image: request.Image ?? '',
    Volumes: merged(request.Volumes, image.Volumes),
    WorkingDir: request.WorkingDir || image.WorkingDir || '',
    Entrypoint: entrypoint,
    ...(request.NetworkDisabled && { NetworkDisabled: true }),
    ...(request.MacAddress && { MacAddress: request.MacAddress }),
    OnBuild: image.OnBuild ?? null,
    Labels: { ...image.Labels, ...request.Labels },
    ...((request.StopSignal || image.StopSignal) && { StopSignal: request.StopSignal || image.StopSignal }),
    ...(request.StopTimeout !== undefined && request.StopTimeout !== null && { StopTimeout: request.StopTimeout }),
    ...((request.Shell ?? image.Shell) && { Shell: request.Shell ?? image.Shell }),
  };
}

/** The program and its arguments. @throws invalid-parameter `no-command` with Docker's text */
export function commandOf(config: ContainerConfig): { path: string; args: string[] } {
  const [path, ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (path === undefined) throw invalidParameter('no-command', 'no command specified');
  return { path, args };
}

/** The request's variables first; those of the image that it does not name after them, as Docker orders them. */
export function mergeEnv(request: readonly string[], image: readonly string[]): string[] {
  const nameOf = (entry: string): string => entry.split('=', 1)[0] ?? '';
  const own = new Set(request.map(nameOf));
  return [...request, ...image.filter((entry) => !own.has(nameOf(entry)))];
}

function exposed(request: ContainerConfig, image: ImageRunConfig): Pick<ContainerConfig, 'ExposedPorts'> {
  const ports = merged(request.ExposedPorts, image.ExposedPorts);
  return ports === null ? {} : { ExposedPorts: ports };
}

function merged(
  request: Record<string, unknown> | null | undefined,
  image: Record<string, unknown> | undefined,
): Record<string, unknown> | null {
  const keys = [...Object.keys(request ?? {}), ...Object.keys(image ?? {})];
  return keys.length === 0 ? null : Object.fromEntries(keys.map((key) => [key, {}]));
}

function mergeHealthcheck(request: ContainerConfig, image: ImageRunConfig): ContainerConfig['Healthcheck'] {
  if (!request.Healthcheck) return image.Healthcheck;
  if (!image.Healthcheck) return request.Healthcheck;
  const own = request.Healthcheck;
  const of = image.Healthcheck;
  return {
    Test: (own.Test ?? []).length > 0 ? own.Test : of.Test,
    Interval: own.Interval || of.Interval,
    Timeout: own.Timeout || of.Timeout,
    StartPeriod: own.StartPeriod || of.StartPeriod,
    StartInterval: own.StartInterval || of.StartInterval,
    Retries: own.Retries || of.Retries,
  };
}
