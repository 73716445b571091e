/** The daemon's own socket on a published address: the port is ours, and what DNAT does not catch is served by it. */
export interface PortProxy {
  /** Idempotent is not needed: called once. Connections it carries are cut. */
  close(): Promise<void>;
}
