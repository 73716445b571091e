// The daemon's entry. Nothing is imported before these lines have run: SIGUSR1 must never open Node's inspector (whoever
// reaches its port is root), and options from the environment must never reach a program that is.
process.on('SIGUSR1', () => {});

if (process.env.NODE_OPTIONS !== undefined || !process.execArgv.includes('--disable-sigusr1')) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--inspect') && flag !== '--disable-sigusr1');
  const args = [process.execPath, '--disable-sigusr1', ...flags, ...process.argv.slice(1)];
  process.execve?.(process.execPath, args, env as Record<string, string>);
}

void import('./run-daemon.ts').then(({ runDaemon }) => runDaemon(process.argv.slice(2)));
