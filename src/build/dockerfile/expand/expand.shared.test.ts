import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { expandWord, expandWords } from './expand.ts';

const root = join(import.meta.dirname, '../../../../../shared/data/dockerfile-parser/shell');
const skip = existsSync(root) ? false : 'the shared expansion tables (../shared/data/dockerfile-parser) are not here';
const linesOf = (file: string): string[] => (skip === false ? readFileSync(join(root, file), 'utf8').split('\n') : []);

describe('envVarTest', { skip }, () => {
  const env = new Map(Object.entries({ PWD: '/home', SHELL: 'bash', KOREAN: '한국어', NULL: '' }));
  const options = { lookup: (name: string) => env.get(name), escapeToken: '\\' } as const;
  for (const [index, line] of linesOf('envVarTest').entries()) {
    if (line === '' || line.startsWith('#') || line.startsWith('W')) continue;
    const [, word = '', expected = ''] = line.split('|').map((field) => field.trim());
    it(`line ${index + 1}: ${word}`, () => {
      if (expected === 'error') assert.throws(() => expandWord(word, options), { kind: 'invalid-parameter' });
      else assert.equal(expandWord(word, options), expected);
    });
  }
});

describe('wordsTest', { skip }, () => {
  const env = new Map<string, string>();
  for (const [index, line] of linesOf('wordsTest').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('ENV ')) {
      const [, name = '', value = ''] = /^ENV +([^=]+)=(.*)$/.exec(line) ?? [];
      env.set(name, value);
      continue;
    }
    const [word = '', expected = ''] = line.split('|').map((field) => field.replace(/^ /, ''));
    const frozen = new Map(env);
    const options = { lookup: (name: string) => frozen.get(name), escapeToken: '\\' } as const;
    it(`line ${index + 1}: ${word}`, () => {
      const source = word.trimStart().replace(/ $/, '');
      if (expected.trim() === 'error') assert.throws(() => expandWords(source, options), { kind: 'invalid-parameter' });
      else assert.deepEqual(expandWords(source, options), expected.split(','));
    });
  }
});
