export interface RuntimeNeeds {
  /** Folder for run-time state (a tmpfs; 0700 is seen to): production `/run/berth/runtime`. At most 80 bytes of path. */
  root: string;
  /** The cgroup under which every container gets `<parent>/<id>/c`: production `/berth`. */
  cgroupParent: string;
  /** Epoch milliseconds. */
  now(): number;
  /** Only this program (crun or runc, absolute) instead of the first found. */
  runtimePath?: string;
  /**
   * Mount points below which the engine mounts things. On a hybrid cgroup host monitors live in copies of our mount
   * namespace, so these are made shared (a peer group of their own): what is unmounted goes from the copies as well.
   */
  engineMounts?: readonly string[];
}
