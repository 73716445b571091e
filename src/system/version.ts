import { arch, release } from 'node:os';
import { MAX_API_VERSION, MIN_API_VERSION, type SystemVersion } from '../api/index.ts';
import type { SystemNeeds } from './needs.ts';

/** Go's names of processor architectures. */
const GO_ARCH: Record<string, string> = { x64: 'amd64', ia32: '386', arm64: 'arm64', arm: 'arm' };

export function describeVersion({ engine, runtime }: Pick<SystemNeeds, 'engine' | 'runtime'>): SystemVersion {
  const facts = {
    ApiVersion: MAX_API_VERSION,
    Arch: GO_ARCH[arch()] ?? arch(),
    BuildTime: '',
    GitCommit: '',
    // Clients print it as the language the engine is written in.
    GoVersion: `node${process.version}`,
    KernelVersion: release(),
    MinAPIVersion: MIN_API_VERSION,
    Os: 'linux',
  };
  return {
    Platform: { Name: 'Berth' },
    Components: [
      { Name: 'Engine', Version: engine.version, Details: { ...facts, Experimental: 'false' } },
      { Name: runtime.name, Version: runtime.version, Details: { GitCommit: '' } },
    ],
    Version: engine.version,
    ...facts,
  };
}
