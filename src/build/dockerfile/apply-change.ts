import { posix } from 'node:path';
import type { HealthcheckConfig, ImageRunConfig } from '../../oci/index.ts';
import type { Instruction } from './contract.ts';
import { commandWords } from './created-by.ts';
import { dockerfileError, withRange } from './errors.ts';
import { expandInstruction } from './instructions/expand-instruction.ts';
import { parseExposedPorts } from './instructions/expose.ts';
import { readInstruction } from './instructions/readers.ts';
import { toRequest } from './instructions/request.ts';
import { checkStopSignal } from './instructions/stop-signal.ts';
import { parse } from './parser/parse.ts';

const defaultShell = ['/bin/sh', '-c'];

/** The instructions that may change an image without a build. */
const changing = new Set([
  'cmd',
  'entrypoint',
  'env',
  'expose',
  'healthcheck',
  'label',
  'onbuild',
  'stopsignal',
  'user',
  'volume',
  'workdir',
]);

/** `docker import --change` and `docker commit --change`: the lines are one small Dockerfile. Gives a new config. */
export function applyChanges(config: ImageRunConfig, changes: string[]): ImageRunConfig {
  if (changes.length === 0) return config;
  const { ast, escapeToken } = parse(Buffer.from(changes.join('\n')));
  for (const node of ast.children) {
    if (!changing.has(node.value.toLowerCase())) throw dockerfileError(`${node.value} is not a valid change command`);
  }
  let result = structuredClone(config);
  let hasCmd = false;
  for (const node of ast.children) {
    const env = envOf(result);
    const options = { lookup: (name: string): string | undefined => env.get(name), escapeToken };
    const instruction = withRange(node.range, () => readInstruction(toRequest(node)));
    const change = expandInstruction(instruction, options);
    if (change.kind === 'cmd') hasCmd = true;
    result = apply(result, change, hasCmd);
  }
  return result;
}

function apply(config: ImageRunConfig, change: Instruction, hasCmd: boolean): ImageRunConfig {
  const shell = config.Shell ?? defaultShell;
  switch (change.kind) {
    case 'cmd':
      return { ...config, Cmd: commandWords(change.command, shell) };
    case 'entrypoint':
      // A new entrypoint makes an inherited command meaningless.
      return { ...config, Entrypoint: commandWords(change.command, shell), ...(hasCmd ? {} : { Cmd: null }) };
    case 'env':
      return { ...config, Env: change.pairs.reduce(withEnv, config.Env ?? []) };
    case 'expose':
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...toSet(parseExposedPorts(change.ports)) } };
    case 'label':
      return {
        ...config,
        Labels: { ...config.Labels, ...Object.fromEntries(change.pairs.map((p) => [p.key, p.value])) },
      };
    case 'onbuild':
      return { ...config, OnBuild: [...(config.OnBuild ?? []), change.expression] };
    case 'user':
      return { ...config, User: change.user };
    case 'volume':
      return { ...config, Volumes: { ...config.Volumes, ...toSet(change.paths) } };
    case 'workdir':
      return { ...config, WorkingDir: posix.resolve('/', config.WorkingDir ?? '/', change.path) };
    case 'stopsignal':
      checkStopSignal(change.signal);
      return { ...config, StopSignal: change.signal };
    case 'healthcheck':
      return { ...config, Healthcheck: toHealthcheck(change) };
    default:
      throw dockerfileError(`${change.kind.toUpperCase()} is not a valid change command`);
  }
}

/** HEALTHCHECK → the object of an image configuration. */
export function toHealthcheck(health: Extract<Instruction, { kind: 'healthcheck' }>): HealthcheckConfig {
  return {
    Test: health.test,
    ...(health.intervalNs === undefined ? {} : { Interval: health.intervalNs }),
    ...(health.timeoutNs === undefined ? {} : { Timeout: health.timeoutNs }),
    ...(health.startPeriodNs === undefined ? {} : { StartPeriod: health.startPeriodNs }),
    ...(health.startIntervalNs === undefined ? {} : { StartInterval: health.startIntervalNs }),
    ...(health.retries === undefined ? {} : { Retries: health.retries }),
  };
}

function envOf(config: ImageRunConfig): Map<string, string> {
  return new Map(
    (config.Env ?? []).map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** A name keeps its place when its value changes. */
function withEnv(env: string[], { key, value }: { key: string; value: string }): string[] {
  const pair = `${key}=${value}`;
  const at = env.findIndex((known) => known === key || known.startsWith(`${key}=`));
  return at === -1 ? [...env, pair] : env.with(at, pair);
}

function toSet(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
