import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { BUSYBOX, openWorkshop, type Workshop } from './build.kernel.support.ts';

/**
 * What dockerd 28 answered to the same `POST /build`, recorded (ids replaced): every line, in order. `files` is the context,
 * `runs` the answers of that many builds in a row.
 */
interface Golden {
  files: Record<string, string>;
  query: Record<string, string>;
  runs: Record<string, unknown>[][];
}

const folder = new URL('./testdata/classic/', import.meta.url);
const goldens = readdirSync(folder).map((file) => file.replace('.json', ''));
const reason = BUSYBOX === undefined ? 'needs a static busybox on this machine' : false;

let workshop: Workshop;
before(async () => {
  if (reason === false) workshop = await openWorkshop();
});
after(() => workshop?.[Symbol.asyncDispose]());

// What others are built FROM comes first.
for (const name of goldens.toSorted((a, b) => Number(b.endsWith('-make')) - Number(a.endsWith('-make')))) {
  test(`classic lines: ${name}`, { skip: reason }, async () => {
    const golden: Golden = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
    const { query } = golden;
    for (const expected of golden.runs) {
      const { messages } = await workshop.build(golden.files, {
        tags: query['t'] === undefined ? [] : [query['t']],
        dockerfile: query['dockerfile'] ?? '',
        target: query['target'] ?? '',
        quiet: query['q'] === '1',
        noCache: query['nocache'] === '1',
        removeIntermediate: query['rm'] !== '0',
        forceRemove: query['forcerm'] === '1',
        labels: JSON.parse(query['labels'] ?? '{}'),
        buildArgs: JSON.parse(query['buildargs'] ?? '{}'),
      });
      assert.deepEqual(normalised(messages as Record<string, unknown>[]), normalised(expected));
    }
  });
}

/** Ids replaced, our own additions to errorDetail left out, and the two streams of a RUN in a fixed order. */
function normalised(messages: readonly Record<string, unknown>[]): unknown[] {
  const text = JSON.stringify(messages, (key, value) => (key === 'line' || key === 'hint' ? undefined : value))
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:<id>')
    .replaceAll(/\b[0-9a-f]{12}\b/g, '<id>');
  const lines: Record<string, unknown>[] = JSON.parse(text);
  const isOutput = ({ stream }: Record<string, unknown>): boolean =>
    typeof stream === 'string' && !/^(?:Step | ---> |\n$|# Exec|s$|Success|\[Warn|Note|sha256)/.test(stream);
  const sorted: unknown[] = [];
  let output: Record<string, unknown>[] = [];
  for (const line of [...lines, {}]) {
    if (isOutput(line)) {
      output.push(line);
      continue;
    }
    sorted.push(...output.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)), line);
    output = [];
  }
  return sorted;
}
