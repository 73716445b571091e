import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { notFound } from '../errors/index.ts';
import { PrivateMounts, shareMount, signalProcess } from '../host/index.ts';
import { freezeCgroup, isFrozen, thawCgroup } from './cgroups/freeze.ts';
import {
  type CgroupHost,
  cgroupFolder,
  detectCgroups,
  listCgroupPids,
  removeCgroup,
  UNIFIED,
} from './cgroups/hierarchies.ts';
import { killCgroup } from './cgroups/kill.ts';
import { createOomReport } from './cgroups/oom.ts';
import { updateCgroup } from './cgroups/update.ts';
import type { RuntimeContext } from './context.ts';
import type { Runtime } from './contract.ts';
import { execInContainer } from './exec.ts';
import { makeRuntimeFolders, RunFolder } from './folder.ts';
import { findLive } from './live.ts';
import type { RuntimeNeeds } from './needs.ts';
import { originalNofile } from './nofile.ts';
import { probeRuntime } from './oci-cli/probe.ts';
import { PidFiles } from './pid-files.ts';
import { recoverContainer } from './recover.ts';
import { releaseRun } from './release.ts';
import { runContainer } from './run.ts';

const SIGKILL = 9;
const CLOSE_TRIES = 50;

/** Finds crun or runc and makes the folders. @throws unavailable `runtime-missing` */
export async function createRuntime(needs: RuntimeNeeds): Promise<Runtime> {
  const context = await createContext(needs);
  const cgroupOf = (id: string): string => `${findLive(context, id).cgroup}/c`;
  return {
    name: context.found.name,
    version: context.found.version,
    path: context.found.path,
    warnings: context.found.warnings,
    run: (request) => runContainer(context, request),
    exec: (request) => execInContainer(context, request),
    kill: async (id, signal) => {
      const live = findLive(context, id);
      if (!signalProcess(live.init, signal)) throw notFound('process-gone', `container ${id} is not running`);
      // A frozen process of cgroup v1 dies only when it is thawed.
      if (signal === SIGKILL && isFrozen(context.host, `${live.cgroup}/c`))
        thawCgroup(context.host, `${live.cgroup}/c`);
    },
    killAll: async (id) => {
      await killCgroup(context.host, ownCgroup(context, id));
    },
    pause: async (id) => freezeCgroup(context.host, cgroupOf(id)),
    resume: async (id) => thawCgroup(context.host, cgroupOf(id)),
    update: async (id, resources) => updateCgroup(context.host, cgroupOf(id), resources),
    pids: async (id) => listCgroupPids(context.host, ownCgroup(context, id)),
    recover: (id) => recoverContainer(context, id),
    release: (id) => releaseRun(context, id),
    close: () => {
      context.pidFiles[Symbol.dispose]();
      context.privateMounts?.[Symbol.dispose]();
      removeParentCgroup(context);
    },
  };
}

/** A monitor that has just been let go needs a moment to leave. */
function removeParentCgroup({ host, needs, live }: RuntimeContext): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = live.size > 0 ? 1 : CLOSE_TRIES; !removeCgroup(host, needs.cgroupParent) && tries > 1; tries--) {
    Atomics.wait(pause, 0, 0, 1);
  }
}

/** Of a run that may have ended. */
function ownCgroup(context: RuntimeContext, id: string): string {
  const live = context.live.get(id);
  if (live !== undefined) return live.cgroup;
  const record = new RunFolder(context.folders, id).readRecord();
  return record?.cgroup ?? `${context.needs.cgroupParent}/${id}`;
}

async function createContext(needs: RuntimeNeeds): Promise<RuntimeContext> {
  const found = await probeRuntime(needs.runtimePath);
  const host = detectCgroups();
  const folders = makeRuntimeFolders(needs.root);
  // runc takes a hybrid host as it is.
  const hidden = found.name === 'crun' ? host.hybridMount : undefined;
  if (hidden !== undefined) for (const path of needs.engineMounts ?? []) shareMount(path);
  return {
    needs,
    found,
    host,
    folders,
    pidFiles: new PidFiles(folders.pids),
    oom: createOomReport(host),
    privateMounts: hidden === undefined ? undefined : new PrivateMounts(hidden),
    monitorCgroups: makeMonitorCgroups(host, `${needs.cgroupParent}/monitors`),
    nofile: originalNofile(),
    live: new Map(),
  };
}

/**
 * Monitors leave the daemon's cgroup, so that neither its limits nor its end are theirs: the one that init systems count
 * by, and the ones that could kill.
 */
function makeMonitorCgroups(host: CgroupHost, cgroup: string): string[] {
  const controllers = host.version === 2 ? [UNIFIED] : ['name=systemd', 'memory', 'pids'];
  return controllers.flatMap((controller) => {
    const folder = cgroupFolder(host, controller, cgroup);
    if (folder === undefined) return [];
    mkdirSync(folder, { recursive: true });
    return [join(folder, 'cgroup.procs')];
  });
}
