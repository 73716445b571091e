import type { System } from './contract.ts';
import { describeSystem } from './info.ts';
import type { SystemNeeds } from './needs.ts';
import { describeVersion } from './version.ts';

export function createSystem(needs: SystemNeeds): System {
  return {
    version: () => describeVersion(needs),
    info: () => describeSystem(needs),
  };
}
