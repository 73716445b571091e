// A daemon for recover.kernel.test.ts: `node test-daemon.ts FOLDER ID STDIO SCRIPT` runs the script in a container, appends
// what it prints to FOLDER/ID.log, and stays until it is killed. `EXEC` instead of an id: an exec in container `host`.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StdioMode } from './contract.ts';
import { placeIn, shell, testSpec } from './test-bundle.ts';

const [folder = '', id = '', stdioText = '', script = ''] = process.argv.slice(2);
const stdio = JSON.parse(stdioText) as StdioMode;
const place = placeIn(folder);
const runtime = await place.open();
const spec = testSpec(place, shell(script));
const running =
  id === 'EXEC'
    ? await runtime.exec({ containerId: 'host', execId: 'e1', process: spec.process, stdio })
    : await runtime.run({ id, spec, stdio, consoleSize: { height: 10, width: 40 } });
const log = (chunk: Buffer): void => appendFileSync(join(folder, `${id}.log`), chunk);
running.io.stdout.on('data', log);
running.io.stderr?.on('data', log);
process.stdout.write(`started ${running.pid}\n`);
setInterval(() => {}, 1_000_000);
