import { type CommandLine, runCommandLine } from './run-command-line.ts';

const line: CommandLine = {
  argv: process.argv.slice(2),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
};

// A reader that went away (`berth ps | head -1`) is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

runCommandLine(line).then(
  (code) => {
    process.exitCode = code;
    // Output that a slow reader has not taken yet is flushed by the natural end; only stdin could keep us alive.
    process.stdin.destroy();
  },
  (error: unknown) => {
    process.stderr.write(`berth: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
