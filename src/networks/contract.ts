import type { EndpointSettings, Network, NetworkCreateResponse, PortMap } from '../api/index.ts';

/** What a container (or a build step) asks of the network before it starts. */
export interface SandboxRequest {
  /** Container id. */
  id: string;
  name: string;
  hostname: string;
  domainname: string;
  /** HostConfig.NetworkMode resolved: `none`, `host`, `bridge`/`default`, a network's name or id. (`container:` never comes here.) */
  mode: string;
  endpoints: Record<string, EndpointSettings>;
  exposedPorts: string[];
  portBindings: PortMap;
  publishAllPorts: boolean;
  macAddress?: string;
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  extraHosts: string[];
  /** Legacy links of the default bridge. */
  links: string[];
}

export interface Sandbox {
  /** The network namespace to join; undefined for `host`. */
  netnsPath: string | undefined;
  /** Contents of the three files the container sees. */
  files: { hosts: string; resolvConf: string; hostname: string };
  /** As inspect shows them. */
  networks: Record<string, EndpointSettings>;
  ports: PortMap;
}

export interface ConnectedNetwork {
  name: string;
  id: string;
}

/**
 * Networks and the sandboxes on them. `open` undoes itself when it fails; `close` is idempotent and goes on past
 * failures. After a daemon restart `restore` re-adopts running sandboxes, and `sweep` removes what no container owns.
 */
export interface Networks {
  open(request: SandboxRequest): Promise<Sandbox>;
  close(id: string): Promise<void>;
  restore(request: SandboxRequest, previous: Sandbox): Promise<void>;
  sweep(liveIds: ReadonlySet<string>): Promise<void>;

  list(filters: Record<string, string[]>): Promise<Network[]>;
  /** By name, id or unambiguous id prefix. @throws not-found `no-such-network` */
  inspect(nameOrId: string): Promise<Network>;
  /** The network a mode or endpoint key names, or undefined. */
  find(nameOrId: string): ConnectedNetwork | undefined;
  /** A container was renamed: `Containers` of inspect shows the new name. Unknown ids are ignored. */
  rename(id: string, name: string): void;
  create(request: unknown): Promise<NetworkCreateResponse>;
  remove(nameOrId: string): Promise<void>;
  /** Daemon shutdown: sockets closed; rules, links and namespaces of running containers stay, and go when there are none. */
  shutdown(): Promise<void>;
}
