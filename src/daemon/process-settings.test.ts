import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originalOpenFileLimit } from './process-settings.ts';

const limits = (soft: string, hard: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}              ${hard}              files\n`;

test('containers get the soft limit from before Node raised it, and no more than we have', () => {
  const cases: [own: string, parent: string, soft: number, hard: number][] = [
    [limits('20000', '20000'), limits('1024', '20000'), 1024, 20_000],
    [limits('20000', '20000'), limits('1048576', '1048576'), 20_000, 20_000],
    [limits('20000', '20000'), '', 1024, 20_000],
    ['', '', 1024, 524_288],
  ];
  for (const [own, parent, soft, hard] of cases) assert.deepEqual(originalOpenFileLimit(own, parent), { soft, hard });
});
