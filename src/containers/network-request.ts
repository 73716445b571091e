import type { SandboxRequest } from '../networks/index.ts';
import type { Container } from './container.ts';

/** What a container asks of the network room. */
export function sandboxRequest(container: Container): SandboxRequest {
  const { id, name, config, hostConfig, endpoints } = container.record;
  return {
    id,
    name,
    hostname: config.Hostname ?? '',
    domainname: config.Domainname ?? '',
    mode: config.NetworkDisabled ? 'none' : (hostConfig.NetworkMode ?? 'bridge'),
    endpoints,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    portBindings: hostConfig.PortBindings ?? {},
    publishAllPorts: hostConfig.PublishAllPorts ?? false,
    ...(config.MacAddress && { macAddress: config.MacAddress }),
    dns: hostConfig.Dns ?? [],
    dnsSearch: hostConfig.DnsSearch ?? [],
    dnsOptions: hostConfig.DnsOptions ?? [],
    extraHosts: hostConfig.ExtraHosts ?? [],
    links: hostConfig.Links ?? [],
  };
}
