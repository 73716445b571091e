import type { Heredoc, RunMount, ShellOrExec } from '../contract.ts';
import { dockerfileError } from '../errors.ts';
import { chompContent, findHeredoc } from '../parser/heredoc.ts';
import { quote } from '../parser/quote.ts';
import { splitCsv } from './csv.ts';
import { Flags } from './flags.ts';
import { checkMountFrom, mountHasVariables, parseMount } from './mount.ts';
import type { InstructionBody } from './readers.ts';
import type { Request } from './request.ts';

const runFlags = { mount: 'strings', network: 'string', security: 'string', device: 'strings' } as const;

/** The exec form as it is; the shell form as one string. */
export function readCommand(request: Request): ShellOrExec {
  if (request.isJson) return { form: 'exec', args: request.args };
  return { form: 'shell', command: request.args.join(' '), heredocs: request.heredocs };
}

export function readRun(request: Request): InstructionBody {
  const flags = new Flags(request.flags, runFlags);
  const mountFlags = flags.strings('mount');
  const network = flags.string('network') ?? 'default';
  if (!['default', 'none', 'host'].includes(network)) throw dockerfileError(`invalid network mode ${quote(network)}`);
  const security = flags.string('security') ?? 'sandbox';
  if (!['sandbox', 'insecure'].includes(security)) throw dockerfileError(`security ${quote(security)} is not valid`);
  const devices = flags.strings('device');
  for (const device of devices) checkDevice(device);
  const mounts = readMounts(mountFlags);
  return { kind: 'run', command: readCommand(request), mounts, mountFlags, network, security, devices };
}

/** Mounts with variables can only be read once those have values. */
function readMounts(flags: readonly string[]): RunMount[] {
  for (const flag of flags) checkMountFrom(flag);
  return flags.filter((flag) => !mountHasVariables(flag)).map((flag) => parseMount(flag));
}

/** `name[,required[=bool]]`, or `name=…`. */
function checkDevice(value: string): void {
  let name = '';
  for (const field of splitCsv(value, 'devices')) {
    const equals = field.indexOf('=');
    const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    if (key === 'required') {
      if (equals !== -1 && !/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(field.slice(equals + 1))) {
        throw dockerfileError(`invalid value for required: ${field.slice(equals + 1)}`);
      }
    } else if (key === 'name' && equals !== -1) {
      if (name !== '') throw dockerfileError(`device name already set to ${name}`);
      name = field.slice(equals + 1);
    } else if (name === '') name = field;
    else if (equals === -1) throw dockerfileError(`invalid field '${field}' must be a key=value pair`);
    else throw dockerfileError(`unexpected key '${key}' in '${field}'`);
  }
}

/** What a shell-form RUN runs. */
export type RunScript =
  /** Text for the shell. */
  | { kind: 'shell'; text: string }
  /** A file that names its own interpreter: to be mounted at `path`, mode 0755, and run. */
  | { kind: 'file'; path: string; content: string };

/**
 * The shell form with its heredocs resolved: nothing but one heredoc (`RUN <<EOF`) is the script itself; anything else is handed
 * to the shell with the heredocs as they were written.
 */
export function resolveRunScript(command: string, heredocs: readonly Heredoc[]): RunScript {
  const [first] = heredocs;
  if (first === undefined) return { kind: 'shell', text: command };
  if (findHeredoc(command) !== undefined) {
    const content = first.chomp ? chompContent(first.content) : first.content;
    if (content.startsWith('#!')) return { kind: 'file', path: `/dev/pipes/${first.name}`, content };
    return { kind: 'shell', text: content };
  }
  const bodies = heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`);
  return { kind: 'shell', text: command + bodies.join('') };
}
