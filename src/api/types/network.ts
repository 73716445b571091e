export interface Network {
  Name?: string | undefined;
  Id?: string | undefined;
  Created?: string | undefined;
  Scope?: string | undefined;
  Driver?: string | undefined;
  EnableIPv4?: boolean | undefined;
  EnableIPv6?: boolean | undefined;
  IPAM?: IPAM | undefined;
  Internal?: boolean | undefined;
  Attachable?: boolean | undefined;
  Ingress?: boolean | undefined;
  ConfigFrom?: ConfigReference | undefined;
  ConfigOnly?: boolean | undefined;
  Containers?: Record<string, NetworkContainer> | null | undefined;
  Options?: Record<string, string> | null | undefined;
  Labels?: Record<string, string> | null | undefined;
  Peers?: PeerInfo[] | null | undefined;
}

export interface ConfigReference {
  Network?: string | undefined;
}

export interface IPAM {
  Driver?: string | undefined;
  Config?: IPAMConfig[] | null | undefined;
  Options?: Record<string, string> | null | undefined;
}

export interface IPAMConfig {
  Subnet?: string | undefined;
  IPRange?: string | undefined;
  Gateway?: string | undefined;
  AuxiliaryAddresses?: Record<string, string> | null | undefined;
}

export interface NetworkContainer {
  Name?: string | undefined;
  EndpointID?: string | undefined;
  MacAddress?: string | undefined;
  IPv4Address?: string | undefined;
  IPv6Address?: string | undefined;
}

export interface PeerInfo {
  Name?: string | undefined;
  IP?: string | undefined;
}

export interface NetworkCreateResponse {
  Id?: string | undefined;
  Warning?: string | undefined;
}

export interface EndpointSettings {
  IPAMConfig?: EndpointIPAMConfig | null | undefined;
  Links?: string[] | null | undefined;
  MacAddress?: string | undefined;
  Aliases?: string[] | null | undefined;
  DriverOpts?: Record<string, string> | null | undefined;
  GwPriority?: number | undefined;
  NetworkID?: string | undefined;
  EndpointID?: string | undefined;
  Gateway?: string | undefined;
  IPAddress?: string | undefined;
  IPPrefixLen?: number | undefined;
  IPv6Gateway?: string | undefined;
  GlobalIPv6Address?: string | undefined;
  GlobalIPv6PrefixLen?: number | undefined;
  DNSNames?: string[] | null | undefined;
}

export interface EndpointIPAMConfig {
  IPv4Address?: string | undefined;
  IPv6Address?: string | undefined;
  LinkLocalIPs?: string[] | null | undefined;
}
