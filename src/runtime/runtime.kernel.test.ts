import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { runtimeSuite } from './runtime.suite.ts';

const found = ['/usr/bin/crun', '/usr/sbin/runc'].filter((path) => existsSync(path));
for (const path of found) runtimeSuite(path);
if (found.length === 0) test('a container runtime', { skip: 'neither crun nor runc is installed' });
