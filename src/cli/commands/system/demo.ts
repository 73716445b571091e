import { join } from 'node:path';
import { createClient, OWN_SOCKET, parseHost } from '../../../client/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { answers, ensureDaemon, stopDaemon } from '../../daemon/ensure-daemon.ts';
import { findInstallation } from '../../daemon/installation.ts';
import { demoDown, demo as runDemo } from '../../demo/demo.ts';
import { flagTable } from '../../flags/spec.ts';
import { control } from '../../terminal/quote.ts';
import { packageSources } from '../image/bootstrap.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const demo = defineCommand({
  names: ['demo'],
  summary: 'Build and run a small web app, from nothing to its answer',
  usage: '[OPTIONS]',
  arity: exactly(0),
  examples: ['berth demo', 'berth demo --down'],
  flags: flagTable({ down: { type: 'bool', description: 'Take away everything the demo made' } }),
  async run(context, flags) {
    // The demo is about this machine: hosts named in the environment are none of its business.
    const host = parseHost(`unix://${OWN_SOCKET}`, undefined);
    const client = createClient(host);
    const say = (text: string): void => void context.stdout.write(text);
    if (flags.down) {
      if (!(await answers(OWN_SOCKET))) {
        say('No engine runs: nothing of the demo is left to take away.\n');
        return 0;
      }
      const isEmpty = await demoDown(client);
      if (isEmpty) await stopDaemon();
      say(
        `The demo is gone${isEmpty ? ', and the engine with it' : '; the engine keeps running for what else it holds'}.\n`,
      );
      return 0;
    }
    const startedMs = Date.now();
    const isColoured = context.stdout.isTTY && !context.env['NO_COLOR'];
    const step = async <T>(title: string, work: () => Promise<T>, outcome: (result: T) => string): Promise<T> => {
      const sinceMs = Date.now();
      say(`• ${title}\n`);
      const result = await work();
      context.stdout.write(isColoured ? control('  \x1b[32m✓\x1b[0m ') : '  ✓ ');
      say(`${outcome(result)} (${seconds(Date.now() - sinceMs)})\n`);
      return result;
    };
    await step(
      'the engine',
      () => ensureDaemon(host, context),
      () => `answers at unix://${OWN_SOCKET}`,
    );
    const { root } = findInstallation(import.meta.dirname);
    const url = await runDemo(client, {
      ...packageSources(context.env),
      example: join(root, 'examples/hello-node'),
      say: (line) => say(`  ${line}\n`),
      step,
    });
    say(`\nOpen ${url} (${seconds(Date.now() - startedMs)} in all)\n\n`);
    say(
      'Look around:  berth ps · berth logs berth-demo · berth exec -it berth-demo sh\nTake it away: berth demo --down\n',
    );
    return 0;
  },
});
