import type { EndpointSettings, Network, NetworkContainer } from '../api/index.ts';
import type { NetworkRecord } from './record.ts';

export const MTU = 1500;

/** A network as the API shows it. */
export function toNetwork(
  record: NetworkRecord,
  device: string,
  containers: Record<string, NetworkContainer>,
): Network {
  const { subnet, gateway } = record;
  const hasSubnet = subnet !== undefined && gateway !== undefined;
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: hasSubnet ? [{ Subnet: subnet, Gateway: gateway }] : null },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: containers,
    Options: record.driver === 'bridge' ? bridgeOptions(device) : {},
    Labels: {},
  };
}

const bridgeOptions = (device: string): Record<string, string> => ({
  'com.docker.network.bridge.default_bridge': 'true',
  'com.docker.network.bridge.enable_icc': 'true',
  'com.docker.network.bridge.enable_ip_masquerade': 'true',
  'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
  'com.docker.network.bridge.name': device,
  'com.docker.network.driver.mtu': String(MTU),
});

/** An endpoint as inspect shows it; the address part only for a bridge. */
export function toEndpointSettings(
  asked: EndpointSettings | undefined,
  networkId: string,
  endpointId: string,
  address: { ip: string; prefix: number; gateway: string; mac: string } | undefined,
): EndpointSettings {
  return {
    IPAMConfig: asked?.IPAMConfig ?? null,
    Links: asked?.Links ?? null,
    Aliases: asked?.Aliases ?? null,
    MacAddress: address?.mac ?? '',
    DriverOpts: asked?.DriverOpts ?? null,
    GwPriority: asked?.GwPriority ?? 0,
    NetworkID: networkId,
    EndpointID: endpointId,
    Gateway: address?.gateway ?? '',
    IPAddress: address?.ip ?? '',
    IPPrefixLen: address?.prefix ?? 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
