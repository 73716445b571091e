import { posix } from 'node:path';
import { createVertex } from '../../graph/vertex.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

/** The folder is made at once, owned by the current USER. */
export function lowerWorkdir(instruction: Expanded<'workdir'>, scope: StageScope): void {
  const { config } = scope.draft;
  const path = posix.resolve('/', config.WorkingDir ?? '', instruction.path);
  config.WorkingDir = path;
  if (path === '/') return;
  scope.root = createVertex(instruction.original, { kind: 'mkdir', path, user: config.User ?? '' }, [scope.root]);
}
