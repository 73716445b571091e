import { type Client, createClient, hostFromEnvironment } from '../client/index.ts';
import { EngineError, isEngineError } from '../errors/index.ts';
import type { Command, Context } from './command.ts';
import { commandTable, groups } from './commands/table.ts';
import { ensureDaemon } from './daemon/ensure-daemon.ts';
import { describeError, ExitError } from './exit-code.ts';
import { parseFlags } from './flags/parse.ts';
import { flagTable } from './flags/spec.ts';
import { arityError, formatHelp } from './help.ts';
import { formatGroupHelp, formatOverview } from './overview.ts';

export interface CommandLine {
  argv: string[];
  env: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

const PROGRAM = 'berth';

const globalFlags = flagTable({
  host: {
    type: 'string',
    short: 'H',
    placeholder: 'string',
    description: 'Engine to talk to (unix:///path, tcp://host:port)',
  },
  help: { type: 'bool', short: 'h', description: 'Print usage' },
  version: { type: 'bool', short: 'v', description: 'Print version information and quit' },
});

const helpFlag = { help: { type: 'bool', description: 'Print usage', isHidden: true } } as const;

/** Runs one command line to its exit code. Never calls process.exit. */
export async function runCommandLine(line: CommandLine): Promise<number> {
  const say = (text: string): void => void line.stderr.write(text);
  let global: ReturnType<typeof parseFlags<typeof globalFlags>>;
  try {
    global = parseFlags(globalFlags, line.argv, { stopAtFirstArg: true });
  } catch (error) {
    say(
      `${describeError(error)}\n\nUsage:  ${PROGRAM} [OPTIONS] COMMAND [ARG...]\n\nRun '${PROGRAM} --help' for more information\n`,
    );
    return 125;
  }
  const words = global.flags.version ? ['version'] : global.args;
  if (words.length === 0 || (words[0] === 'help' && words.length === 1)) {
    line.stdout.write(formatOverview(PROGRAM));
    return 0;
  }
  const wantsHelp = global.flags.help || words[0] === 'help';
  if (words[0] === 'help') words.shift();

  const found = findCommand(words);
  if (found === undefined) {
    const [group = ''] = words;
    if (Object.hasOwn(groups, group) && (words.length === 1 || words[1] === '--help' || words[1] === '-h')) {
      line.stdout.write(formatGroupHelp(PROGRAM, group));
      return 0;
    }
    if (line.argv[0] === 'help') {
      say(`unknown help topic: ${words.join(' ')}\n`);
      return 1;
    }
    const isGroup = Object.hasOwn(groups, group);
    const named = isGroup ? words.slice(0, 2).join(' ') : group;
    const way = isGroup ? `Usage:  ${PROGRAM} ${group}\n\nRun '${PROGRAM} ${group} --help'` : `Run '${PROGRAM} --help'`;
    say(`${PROGRAM}: unknown command: ${PROGRAM} ${named}\n\n${way} for more information\n`);
    return 1;
  }
  const command = await found.load();
  return runCommand(line, command, found.name, found.rest, { wantsHelp, host: global.flags.host });
}

function findCommand(words: string[]): { name: string; load: () => Promise<Command>; rest: string[] } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const load = words.length >= length && Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
    if (load !== undefined) return { name, load, rest: words.slice(length) };
  }
  return undefined;
}

async function runCommand(
  line: CommandLine,
  command: Command,
  name: string,
  argv: string[],
  options: { wantsHelp: boolean; host: string | undefined },
): Promise<number> {
  const usage = `\nUsage:  ${PROGRAM} ${name} ${command.usage}\n\nRun '${PROGRAM} ${name} --help' for more information\n`;
  let parsed: ReturnType<typeof parseFlags>;
  try {
    parsed = parseFlags(
      { ...helpFlag, ...command.flags },
      argv,
      command.stopAtFirstArg ? { stopAtFirstArg: true } : {},
    );
  } catch (error) {
    line.stderr.write(`${describeError(error)}\n${usage}`);
    return 125;
  }
  if (options.wantsHelp || parsed.flags['help']) {
    line.stdout.write(formatHelp(PROGRAM, command, name));
    return 0;
  }
  const wrong = arityError(`${PROGRAM} ${name}`, command.arity, parsed.args.length);
  if (wrong !== undefined) {
    const see = command.arity.max === Number.POSITIVE_INFINITY ? usage.replace('\nRun ', '\nSee ') : usage;
    line.stderr.write(`${PROGRAM}: ${wrong}\n${see}`);
    return 1;
  }
  try {
    return (
      (await command.run(createContext(line, options.host), parsed.flags as never, parsed.args, parsed.given)) ?? 0
    );
  } catch (error) {
    return reportFailure(line, command, name, error);
  }
}

function reportFailure(line: CommandLine, command: Command, name: string, error: unknown): number {
  if (error instanceof ExitError) {
    if (error.message !== '') line.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (!(error instanceof EngineError) && !(error instanceof Error && 'code' in error)) throw error;
  const hint = isEngineError(error) && typeof error.detail['hint'] === 'string' ? `\n${error.detail['hint']}` : '';
  if (command.failureCode === undefined) {
    line.stderr.write(`${describeError(error)}${hint}\n`);
    return 1;
  }
  line.stderr.write(
    `${PROGRAM}: ${describeError(error)}${hint}\n\nRun '${PROGRAM} ${name} --help' for more information\n`,
  );
  return command.failureCode;
}

function createContext(line: CommandLine, explicitHost: string | undefined): Context {
  let connected: Promise<Client> | undefined;
  const connect = async (): Promise<Client> => {
    const { host, isOwn } = hostFromEnvironment(line.env, explicitHost);
    if (isOwn) await ensureDaemon(host, line);
    return createClient(host, line.env['DOCKER_API_VERSION'] || undefined);
  };
  return {
    client: () => (connected ??= connect()),
    get stdin() {
      return line.stdin;
    },
    stdout: line.stdout,
    stderr: line.stderr,
    env: line.env,
    program: PROGRAM,
  };
}
