import type { Instruction, ShellOrExec } from './contract.ts';
import { formatDuration } from './instructions/duration.ts';
import { parseExposedPorts } from './instructions/expose.ts';
import { resolveRunScript } from './instructions/run.ts';
import { quote, quoteList } from './parser/quote.ts';

export interface CreatedByContext {
  /** What stands before a shell-form command: SHELL, or the default. */
  shell: readonly string[];
  /** ARGs declared in the stage so far, with their values, in order. */
  buildArgs: readonly { key: string; value?: string }[];
  /** The directory that WORKDIR resolved to. */
  workdir?: string;
}

/** `comment` of every history entry that `createdBy` describes. */
export const HISTORY_COMMENT = 'buildkit.dockerfile.v0';

/**
 * `created_by` of the history entry an instruction makes, as BuildKit writes it; undefined for ONBUILD, which makes none. The
 * instruction is expanded. Those that make a layer carry ` # buildkit`.
 */
export function createdBy(expanded: Instruction, context: CreatedByContext): string | undefined {
  switch (expanded.kind) {
    case 'arg':
      return `ARG ${expanded.args.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(' ')}`;
    case 'env':
    case 'label':
      return `${expanded.kind.toUpperCase()} ${expanded.pairs.map(({ key, value }) => `${key}=${value}`).join(' ')}`;
    case 'run':
      return `RUN ${[...buildArgWords(context), ...runWords(expanded.command, context.shell)].join(' ')} # buildkit`;
    case 'cmd':
    case 'entrypoint':
      return `${expanded.kind.toUpperCase()} ${quoteList(commandWords(expanded.command, context.shell))}`;
    case 'copy':
    case 'add':
      return `${filesText(expanded)} # buildkit`;
    case 'expose':
      return `EXPOSE [${parseExposedPorts(expanded.ports).join(' ')}]`;
    case 'user':
      return `USER ${expanded.user}`;
    case 'workdir':
      return `WORKDIR ${context.workdir ?? expanded.path}`;
    case 'volume':
      return `VOLUME [${expanded.paths.join(' ')}]`;
    case 'stopsignal':
      return `STOPSIGNAL ${expanded.signal}`;
    case 'shell':
      return `SHELL [${expanded.shell.join(' ')}]`;
    case 'maintainer':
      return `MAINTAINER ${expanded.maintainer}`;
    case 'healthcheck':
      return `HEALTHCHECK ${healthText(expanded)}`;
    case 'onbuild':
      return undefined;
    default:
      return expanded satisfies never;
  }
}

/** The argument list of a command: the exec form itself, or the shell with the text as its last argument. */
export function commandWords(command: ShellOrExec, shell: readonly string[]): string[] {
  if (command.form === 'exec') return command.args;
  return command.command === '' ? [...shell] : [...shell, command.command];
}

function runWords(command: ShellOrExec, shell: readonly string[]): string[] {
  if (command.form === 'exec' || command.heredocs.length === 0) return commandWords(command, shell);
  const script = resolveRunScript(command.command, command.heredocs);
  return [...shell, script.kind === 'file' ? script.path : script.text];
}

/** `|2 A=1 B=`: how many ARGs, and each; the last value of a name counts, at the place of its first. */
function buildArgWords({ buildArgs }: CreatedByContext): string[] {
  const values = new Map<string, string>();
  for (const { key, value } of buildArgs) values.set(key, value ?? '');
  return values.size === 0 ? [] : [`|${values.size}`, ...[...values].map(([key, value]) => `${key}=${value}`)];
}

function filesText(files: Extract<Instruction, { kind: 'copy' | 'add' }>): string {
  const words: string[] = [files.kind.toUpperCase()];
  if (files.kind === 'copy' && files.parents) words.push('--parents');
  if (files.chown !== undefined) words.push(`--chown=${files.chown}`);
  if (files.chmod !== undefined) words.push(`--chmod=${files.chmod}`);
  words.push(...files.files.sources, ...files.files.inline.map((file) => `<<${file.name}`), files.files.dest);
  return words.join(' ');
}

/** Go's `%+q` of the struct: retries come out as a character. */
function healthText(health: Extract<Instruction, { kind: 'healthcheck' }>): string {
  const durations = [health.intervalNs, health.timeoutNs, health.startPeriodNs, health.startIntervalNs];
  const retries = quote(String.fromCodePoint(Math.min(health.retries ?? 0, 0x10ffff))).slice(1, -1);
  const fields = durations.map((ns) => quote(formatDuration(ns ?? 0))).join(' ');
  return `&{${quoteList(health.test)} ${fields} '${retries}'}`;
}
