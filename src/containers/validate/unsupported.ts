import type { ContainerCreateRequest, HostConfig } from '../../api/index.ts';
import { invalidParameter, notImplemented } from '../../errors/index.ts';

type Check = (host: HostConfig) => boolean;

/** What a request can ask that is not built yet: refused by name, never ignored. */
const NOT_YET: readonly [field: string, isAsked: Check][] = [
  ['HostConfig.DeviceRequests', (host) => (host.DeviceRequests ?? []).length > 0],
  ['HostConfig.KernelMemoryTCP', (host) => (host.KernelMemoryTCP ?? 0) !== 0],
  ['HostConfig.Cgroup', (host) => (host.Cgroup ?? '') !== ''],
  ['HostConfig.CpuCount', (host) => (host.CpuCount ?? 0) !== 0],
  ['HostConfig.CpuPercent', (host) => (host.CpuPercent ?? 0) !== 0],
  ['HostConfig.IOMaximumIOps', (host) => (host.IOMaximumIOps ?? 0) !== 0],
  ['HostConfig.IOMaximumBandwidth', (host) => (host.IOMaximumBandwidth ?? 0) !== 0],
];

/** Annotations that crun and runc obey: they would reach past what the request may set. */
const RUNTIME_ANNOTATIONS =
  /^(run\.oci\.|org\.systemd\.property\.|org\.criu\.|io\.kubernetes\.|com\.docker\.network\.)/;

export function refuseUnsupported(request: ContainerCreateRequest): void {
  const host = request.HostConfig ?? {};
  for (const [field, isAsked] of NOT_YET) if (isAsked(host)) throw notYet(field);
  const test = request.Healthcheck?.Test ?? [];
  if (test.length > 0 && test[0] !== 'NONE') throw notYet('Healthcheck');
  for (const name of Object.keys(host.Annotations ?? {})) {
    if (RUNTIME_ANNOTATIONS.test(name)) throw notYet(`HostConfig.Annotations[${JSON.stringify(name)}]`);
  }
  if (host.StorageOpt && Object.keys(host.StorageOpt).length > 0) {
    const text = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option";
    throw invalidParameter('storage-opt', text);
  }
}

function notYet(field: string): Error {
  return notImplemented('field-not-supported', `${field} is not supported by Berth yet`);
}
