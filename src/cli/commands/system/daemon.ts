import { defineCommand } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { flagTable } from '../../flags/spec.ts';

/** Only its help is ours: the launcher starts the daemon's own program for it. */
export const daemon = defineCommand({
  names: ['daemon'],
  summary: 'Run the engine in the foreground',
  usage: '[OPTIONS]',
  arity: { min: 0, max: Number.POSITIVE_INFINITY },
  stopAtFirstArg: true,
  examples: [
    'berth daemon',
    'berth daemon -H unix:///run/berth/berth.sock -H tcp://127.0.0.1:2375',
    'berth daemon --config-file /etc/berth/daemon.json',
  ],
  flags: flagTable({
    host: {
      type: 'list',
      short: 'H',
      description:
        'Where to listen: unix:///path, tcp://host:port (loopback, or with mutual TLS), fd:// (default unix:///run/berth/berth.sock)',
    },
    'data-root': { type: 'string', description: 'Images, volumes and containers (default "/var/lib/berth")' },
    'exec-root': { type: 'string', description: 'What lives as long as the machine is up (default "/run/berth")' },
    pidfile: { type: 'string', description: 'Where to write the process id' },
    'config-file': { type: 'string', description: 'daemon.json (default "/etc/berth/daemon.json")' },
    tlsverify: { type: 'bool', description: 'Use TLS and verify the client' },
    tlscacert: { type: 'string', description: 'Trust clients signed by this CA' },
    tlscert: { type: 'string', description: 'Certificate file' },
    tlskey: { type: 'string', description: 'Key file' },
  }),
  run: () => Promise.reject(new ExitError(125, 'run it through the launcher: ./berth daemon')),
});
