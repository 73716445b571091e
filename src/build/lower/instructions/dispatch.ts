import type { Instruction } from '../../dockerfile/contract.ts';
import { createdBy, expandInstruction } from '../../dockerfile/index.ts';
import { shellOf } from '../image-draft.ts';
import type { StageScope } from '../stage-scope.ts';
import { lowerArg } from './arg.ts';
import { lowerCmd } from './cmd.ts';
import { lowerCopy } from './copy.ts';
import { lowerEntrypoint } from './entrypoint.ts';
import { lowerEnv } from './env.ts';
import { lowerExpose } from './expose.ts';
import { lowerHealthcheck } from './healthcheck.ts';
import { lowerLabel } from './label.ts';
import { lowerMaintainer } from './maintainer.ts';
import { lowerOnBuild } from './on-build.ts';
import { lowerRun } from './run.ts';
import { lowerShell } from './shell.ts';
import { lowerStopSignal } from './stop-signal.ts';
import { lowerUser } from './user.ts';
import { lowerVolume } from './volume.ts';
import { lowerWorkdir } from './workdir.ts';

/**
 * Replaces the variables as they were before the instruction, changes the scope as it says, and gives its history line
 * (none for ONBUILD) and notes.
 */
export function lowerInstruction(
  written: Instruction,
  scope: StageScope,
): { createdBy: string | undefined; notes: string[] } {
  const env = new Map(scope.env);
  const lookup = (name: string): string | undefined => env.get(name);
  const expanded = expandInstruction(written, { lookup, escapeToken: scope.build.escapeToken });
  const known = expanded.kind === 'arg' ? lowerArg(expanded, scope) : expanded;
  const notes = known.kind === 'healthcheck' ? lowerHealthcheck(known, scope) : [];
  apply(known, scope);
  const { WorkingDir } = scope.draft.config;
  const line = createdBy(known, {
    shell: shellOf(scope.draft),
    buildArgs: [...scope.args].map(([key, value]) => ({ key, value })),
    ...(WorkingDir === undefined ? {} : { workdir: WorkingDir }),
  });
  return { createdBy: line, notes };
}

function apply(instruction: Instruction, scope: StageScope): void {
  switch (instruction.kind) {
    case 'arg':
    case 'healthcheck':
      return;
    case 'env':
      return lowerEnv(instruction, scope);
    case 'label':
      return lowerLabel(instruction, scope);
    case 'run':
      return lowerRun(instruction, scope);
    case 'cmd':
      return lowerCmd(instruction, scope);
    case 'entrypoint':
      return lowerEntrypoint(instruction, scope);
    case 'copy':
    case 'add':
      return lowerCopy(instruction, scope);
    case 'expose':
      return lowerExpose(instruction, scope);
    case 'user':
      return lowerUser(instruction, scope);
    case 'workdir':
      return lowerWorkdir(instruction, scope);
    case 'volume':
      return lowerVolume(instruction, scope);
    case 'stopsignal':
      return lowerStopSignal(instruction, scope);
    case 'shell':
      return lowerShell(instruction, scope);
    case 'maintainer':
      return lowerMaintainer(instruction, scope);
    case 'onbuild':
      return lowerOnBuild(instruction, scope);
    default:
      return instruction satisfies never;
  }
}
