import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemError } from '../errors/index.ts';
import type { Digest } from '../oci/index.ts';
import { type ClassicMessage, type ClassicOptions, createClassicOutput } from './classic-output.ts';
import type { BuildEvent, PlannedStep } from './contract.ts';

const cache = { hit: false, reason: '' };
const id = (letter: string): string => `sha256:${letter.repeat(64)}`;
const plan = (...stages: string[]): BuildEvent => ({
  type: 'plan',
  steps: stages.map((stage, i): PlannedStep => {
    return { step: i + 1, total: stages.length, stage, original: `I${i + 1}`, endsStage: stages[i + 1] !== stage };
  }),
});
const started = (step: number): BuildEvent => ({ type: 'step-started', step });
const running = (step: number, letter: string): BuildEvent => ({
  type: 'step-running',
  step,
  containerId: letter.repeat(64),
  cache,
});
const says = (step: number, text: string | Buffer): BuildEvent => ({
  type: 'step-output',
  step,
  stream: 'stdout',
  data: Buffer.from(text),
});
const done = (step: number, letter: string): BuildEvent => ({ type: 'step-done', step, id: id(letter), durationMs: 1 });
const stage = (step: number, letter: string): BuildEvent => ({
  type: 'stage-built',
  step,
  imageId: id(letter) as Digest,
});

async function render(events: BuildEvent[], options: Partial<ClassicOptions> = {}, failure?: unknown): Promise<string> {
  const messages: ClassicMessage[] = [];
  const output = createClassicOutput({
    write: (message) => void messages.push(message),
    quiet: false,
    removeIntermediate: true,
    forceRemove: false,
    ...options,
  });
  for (const event of events) await output.emit(event);
  if (failure !== undefined) await output.fail(failure);
  return messages.map((message) => message.stream ?? `${JSON.stringify(message)}\n`).join('');
}

test('stages that run side by side come in Dockerfile order', async () => {
  const text = await render([
    plan('a', 'a', 'b'),
    started(3),
    started(1),
    done(3, '3'),
    stage(3, '3'),
    done(1, '1'),
    started(2),
    running(2, 'c'),
    says(2, 'late\n'),
    done(2, '2'),
    stage(2, '2'),
    { type: 'built', imageId: id('3') as Digest },
    { type: 'tagged', name: 'x:latest' },
  ]);
  assert.equal(
    text,
    [
      'Step 1/3 : I1',
      ' ---> 111111111111',
      'Step 2/3 : I2',
      ' ---> Running in cccccccccccc',
      'late',
      ' ---> 222222222222',
      `{"aux":{"ID":"${id('2')}"}}`,
      'Step 3/3 : I3',
      ' ---> 333333333333',
      `{"aux":{"ID":"${id('3')}"}}`,
      'Successfully built 333333333333',
      'Successfully tagged x:latest',
      '',
    ].join('\n'),
  );
});

test('output is not held back while its step is the current one', async () => {
  const seen: string[] = [];
  const output = createClassicOutput({
    write: (message) => void seen.push(message.stream ?? ''),
    quiet: false,
    removeIntermediate: true,
    forceRemove: false,
  });
  for (const event of [plan('a', 'a'), started(1), says(1, 'now')]) await output.emit(event);
  assert.equal(seen.at(-1), 'now');
});

test('a character cut in two by a chunk comes out whole', async () => {
  const euro = Buffer.from('€');
  const text = await render([plan('a'), started(1), says(1, euro.subarray(0, 1)), says(1, euro.subarray(1))]);
  assert.match(text, /€$/);
});

test('a failure in a later stage shows its own lines, then the error', async () => {
  const failure = systemError('step-failed', "The command 'x' returned a non-zero code: 3", {
    detail: { exitCode: 3, step: 3 },
  });
  const events = [plan('a', 'a', 'b'), started(1), started(3), running(3, 'c'), says(3, 'oh\n')];
  assert.equal(
    await render(events, {}, failure),
    'Step 1/3 : I1\nStep 3/3 : I3\n ---> Running in cccccccccccc\noh\n' +
      `{"errorDetail":{"code":3,"message":"${failure.message}"},"error":"${failure.message}"}\n`,
  );
});

test('quiet: the id alone; everything when it fails', async () => {
  const events = [plan('a'), started(1), done(1, '1'), stage(1, '1')];
  const built: BuildEvent = { type: 'built', imageId: id('1') as Digest };
  assert.equal(await render([...events, built, { type: 'tagged', name: 'x' }], { quiet: true }), `${id('1')}\n`);
  assert.match(await render(events, { quiet: true }, new Error('no')), /^Step 1\/1 : I1\n.*"error":"no"/s);
});

test('rm=0 says nothing about removed containers', async () => {
  const removed: BuildEvent = { type: 'step-removed', step: 1, containerId: 'c'.repeat(64), didFail: false };
  assert.equal(await render([plan('a'), started(1), removed], { removeIntermediate: false }), 'Step 1/1 : I1\n');
});

test('our own client hears why a step runs, and where and how it failed', async () => {
  const failure = systemError('step-failed', 'no', {
    detail: { step: 1, range: { startLine: 4, endLine: 5 }, suggestion: 'try' },
  });
  const event: BuildEvent = { type: 'step-running', step: 1, containerId: '', cache: { hit: false, reason: 'why' } };
  const text = await render([plan('a'), started(1), event], { explain: true }, failure);
  assert.match(text, /\{"aux":\{"Cache":\{"step":1,"reason":"why"\}\}\}/);
  assert.match(text, /"errorDetail":\{"message":"no","line":4,"hint":"try"\}/);
});
