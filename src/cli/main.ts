import { type CommandLine, runCommandLine } from './run-command-line.ts';
import { guardTerminal } from './terminal/quote.ts';
import { restoreTerminal } from './terminal/raw-mode.ts';

const line: CommandLine = {
  argv: process.argv.slice(2),
  env: process.env,
  // Looked at only by the commands that read it: opening stdin costs a start that does not need it.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
};

for (const stream of [process.stdout, process.stderr]) {
  guardTerminal(stream);
  // A reader that went away (`berth ps | head -1`) is no failure of ours: docker, killed by SIGPIPE, ends the same way.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    restoreTerminal();
    process.exit(error.code === 'EPIPE' ? 141 : 1);
  });
}
// Whatever ends this process, the user's terminal is theirs again.
process.on('exit', restoreTerminal);

runCommandLine(line).then(
  (code) => {
    process.exitCode = code;
    // Output that a slow reader has not taken yet is flushed by the natural end; connections and stdin must not hold it up.
    if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit(code);
    process.stdout.once('drain', () => process.exit(code));
  },
  (error: unknown) => {
    process.stderr.write(`berth: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
