/** The bucket of the metadata store, one row per network, by id. */
export const NETWORKS_BUCKET = 'networks';

/** The disk shape of a network. */
export interface NetworkRecord {
  id: string;
  name: string;
  driver: 'bridge' | 'host' | 'null';
  /** RFC 3339. */
  created: string;
  /** Of a bridge: `172.18.0.0/16` and its own address. */
  subnet?: string;
  gateway?: string;
}
