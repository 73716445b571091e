import type { ContainerCreateRequest } from '../../api/index.ts';
import { invalidParameter } from '../../errors/index.ts';

const bad = (text: string): Error => invalidParameter('invalid-mode', text);

/** The namespace modes' grammar and the combinations Docker refuses. */
export function checkModes(request: ContainerCreateRequest, runtimeName: string): void {
  const host = request.HostConfig ?? {};
  const { IpcMode: ipc = '', PidMode: pid = '', UTSMode: uts = '', UsernsMode: userns = '' } = host;
  const mode = host.NetworkMode ?? '';
  if (!['', 'none', 'private', 'shareable', 'host'].includes(ipc) && !isContainer(ipc))
    throw bad(`invalid IPC mode: ${ipc}`);
  if (!['', 'host'].includes(pid) && !isContainer(pid)) throw bad(`invalid PID mode: ${pid}`);
  if (!['', 'host'].includes(uts)) throw bad(`invalid UTS mode: ${uts}`);
  if (!['', 'host'].includes(userns)) throw bad(`invalid user namespace mode: ${userns}`);
  if (!['', 'private', 'host'].includes(host.CgroupnsMode ?? '')) {
    throw bad(`invalid cgroup namespace mode: ${host.CgroupnsMode}`);
  }
  if (!['', 'default'].includes(host.Isolation ?? '')) {
    throw bad(`invalid isolation (${host.Isolation}): linux only supports 'default'`);
  }
  const runtime = host.Runtime ?? '';
  if (runtime !== '' && runtime !== runtimeName) throw bad(`unknown or invalid runtime name: ${runtime}`);
  if (uts === 'host' && request.Hostname) throw bad('conflicting options: hostname and the UTS mode');
  if (isContainer(mode)) checkJoined(request);
  if (mode === 'container:') throw bad('invalid container format container:<name|id>');
}

export function isContainer(mode: string): boolean {
  return mode.startsWith('container:') && mode.length > 'container:'.length;
}

/** A container on another's network cannot have settings of its own there. */
function checkJoined(request: ContainerCreateRequest): void {
  const host = request.HostConfig ?? {};
  const conflicts: [boolean, string][] = [
    [!!request.Hostname, 'conflicting options: hostname and the network mode'],
    [
      (host.Links ?? []).length > 0,
      "conflicting options: container type network can't be used with links. This would result in undefined behavior",
    ],
    [(host.Dns ?? []).length > 0, 'conflicting options: dns and the network mode'],
    [(host.ExtraHosts ?? []).length > 0, 'conflicting options: custom host-to-IP mapping and the network mode'],
    [!!request.MacAddress, 'conflicting options: mac-address and the network mode'],
    [
      Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts === true,
      'conflicting options: port publishing and the container type network mode',
    ],
    [
      Object.keys(request.ExposedPorts ?? {}).length > 0,
      'conflicting options: port exposing and the container type network mode',
    ],
  ];
  for (const [isConflict, text] of conflicts) if (isConflict) throw bad(text);
}
