// Runs the tests of the kinds named: unit, kernel, architecture, e2e, lab. `node test/run.ts unit architecture [-- FILTER…]`
// unit and architecture run anywhere; kernel and e2e need root and a real kernel. Around each e2e file everything that could
// leak is counted: a difference fails the file. In CI (CI=true) nothing may be skipped.
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { describeLeaks, machineState } from './support/leaks.ts';

const KINDS: Record<string, { files: () => string[]; concurrency: number; checkLeaks: boolean }> = {
  unit: {
    files: () => globSync('src/**/*.test.ts').filter((file) => !file.includes('.kernel.')),
    concurrency: availableParallelism(),
    checkLeaks: false,
  },
  architecture: { files: () => globSync('test/architecture/*.test.ts'), concurrency: 1, checkLeaks: false },
  kernel: { files: () => globSync('src/**/*.kernel.test.ts'), concurrency: 1, checkLeaks: true },
  e2e: { files: () => globSync('test/{e2e,conformance}/**/*.test.ts'), concurrency: 1, checkLeaks: true },
  lab: { files: () => globSync('test/lab/**/*.test.ts'), concurrency: 1, checkLeaks: true },
};

const separator = process.argv.indexOf('--');
const kinds = process.argv.slice(2, separator < 0 ? undefined : separator);
const filters = separator < 0 ? [] : process.argv.slice(separator + 1);
const unknown = kinds.filter((kind) => !(kind in KINDS));
if (kinds.length === 0 || unknown.length > 0) {
  console.error(`usage: node test/run.ts KIND… [-- FILTER…]\nkinds: ${Object.keys(KINDS).join(' ')}`);
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };

/** One run of node:test over `files`; the counts go into `total`. */
async function runFiles(files: string[], concurrency: number): Promise<void> {
  const stream = run({ files, concurrency, timeout: 600_000 });
  stream.on('test:pass', ({ skip, details }) => {
    if (details.type === 'suite') return;
    if (skip === undefined || skip === false) total.passed++;
    else total.skipped++;
  });
  stream.on('test:fail', ({ details }) => {
    if (details.type !== 'suite') total.failed++;
  });
  const report = new spec();
  stream.pipe(report).pipe(process.stdout, { end: false });
  await new Promise((resolve) => report.once('end', resolve));
}

for (const kind of kinds) {
  const chosen = KINDS[kind];
  if (chosen === undefined) continue;
  const files = chosen
    .files()
    .sort()
    .filter((file) => filters.length === 0 || filters.some((part) => file.includes(part)));
  if (files.length === 0) continue;
  console.log(`\n== ${kind}: ${files.length} files`);
  if (!chosen.checkLeaks) {
    await runFiles(files, chosen.concurrency);
    continue;
  }
  for (const file of files) {
    const before = machineState();
    const startedMs = Date.now();
    console.log(`-- ${file}`);
    await runFiles([file], 1);
    const leaks = await describeLeaks(before);
    console.log(`   ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
    if (leaks.length === 0) continue;
    total.failed++;
    console.log(`✖ ${file} left behind:\n${leaks.map((leak) => `    ${leak}`).join('\n')}`);
  }
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
const mayNotSkip = process.env['CI'] === 'true' && total.skipped > 0;
if (mayNotSkip) console.log('In CI nothing may be skipped.');
process.exit(total.failed > 0 || mayNotSkip || total.passed === 0 ? 1 : 0);
