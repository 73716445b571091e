import type { PrivateMounts, ProcessIdentity } from '../host/index.ts';
import type { CgroupHost } from './cgroups/hierarchies.ts';
import type { OomReport } from './cgroups/oom.ts';
import type { RunFolder, RuntimeFolders } from './folder.ts';
import type { RuntimeNeeds } from './needs.ts';
import type { FoundRuntime } from './oci-cli/probe.ts';
import type { PidFiles } from './pid-files.ts';

/** A container this daemon holds the streams of. */
export interface Live {
  folder: RunFolder;
  cgroup: string;
  init: ProcessIdentity;
}

/** What the verbs of this room share, made once by `createRuntime`. */
export interface RuntimeContext {
  needs: RuntimeNeeds;
  found: FoundRuntime;
  host: CgroupHost;
  folders: RuntimeFolders;
  pidFiles: PidFiles;
  oom: OomReport;
  /** On a hybrid cgroup host: where runtimes are started. */
  privateMounts: PrivateMounts | undefined;
  /** The cgroup.procs files a monitor writes itself into. */
  monitorCgroups: readonly string[];
  /** NOFILE as it was before Node raised the soft limit. */
  nofile: { soft: number; hard: number };
  live: Map<string, Live>;
}
