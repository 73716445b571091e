import { posix } from 'node:path';
import { forbidden, notImplemented } from '../../../errors/index.ts';
import { commandWords, resolveRunScript } from '../../dockerfile/index.ts';
import { createVertex, type InlineFile } from '../../graph/vertex.ts';
import { shellOf } from '../image-draft.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

type Run = Expanded<'run'>;

export function lowerRun(instruction: Run, scope: StageScope): void {
  refuseWhatIsMissing(instruction);
  const { draft, build } = scope;
  const { args, scripts } = commandOf(instruction, scope);
  const op = {
    kind: 'run' as const,
    args,
    env: [...scope.env].map(([key, value]) => `${key}=${value}`),
    proxyEnv: build.proxyEnv.filter((entry) => !scope.env.has(entry.slice(0, entry.indexOf('=')))),
    cwd: draft.config.WorkingDir || '/',
    user: draft.config.User ?? '',
    networkMode: networkOf(instruction, scope),
    extraHosts: [...build.extraHosts],
    scripts,
  };
  scope.root = createVertex(instruction.original, op, [scope.root]);
}

function commandOf({ command }: Run, { draft }: StageScope): { args: string[]; scripts: InlineFile[] } {
  if (command.form === 'exec') return { args: [...command.args], scripts: [] };
  const script = resolveRunScript(command.command, command.heredocs);
  const text = script.kind === 'file' ? script.path : script.text;
  const scripts = script.kind === 'file' ? [{ name: posix.basename(script.path), content: script.content }] : [];
  return { args: commandWords({ form: 'shell', command: text, heredocs: [] }, shellOf(draft)), scripts };
}

function networkOf(instruction: Run, scope: StageScope): string {
  if (instruction.network === 'none') return 'none';
  if (instruction.network !== 'host' || scope.build.networkMode === 'host') return scope.build.networkMode;
  throw forbidden('entitlement-missing', 'network.host is not allowed', {
    detail: { suggestion: 'build with --network=host to allow it' },
  });
}

function refuseWhatIsMissing(instruction: Run): void {
  const [mount] = instruction.mounts;
  if (mount !== undefined) throw notImplemented('run-mount', `RUN --mount=type=${mount.type} is not supported yet`);
  if (instruction.security === 'insecure') throw forbidden('entitlement-missing', 'security.insecure is not allowed');
  const [device] = instruction.devices;
  if (device !== undefined) throw notImplemented('run-device', `RUN --device=${device} is not supported yet`);
}
