import type { HostConfig } from '../api/index.ts';
import { openHouse } from './containers.kernel.support.ts';

/** A daemon for a test that kills it: starts three containers, says who they are, and waits for its end. */
const [dir = '', tag = ''] = process.argv.slice(2);
const house = await openHouse({}, { dir, tag });
await house.image('box');
const { containers } = house.room;

async function start(name: string, script: string, HostConfig: HostConfig): Promise<string> {
  const { Id: id = '' } = await containers.create(name, { Image: 'box', Cmd: ['sh', '-c', script], HostConfig });
  await containers.start(id);
  return id;
}

const kept = [
  await start('runs', 'for i in $(seq 1 30); do echo $i; sleep 0.1; done; exit 5', {}),
  await start('ends', 'sleep 0.2; echo last; exit 42', { NetworkMode: 'none' }),
];
await start('gone', 'sleep 0.2', { NetworkMode: 'none', AutoRemove: true });
console.log(JSON.stringify({ kept }));
setInterval(() => {}, 1000);
