import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../errors/index.ts';
import { editDistance, suggestionFor } from './suggest.ts';

const failed = (output: string, exitCode = 1): EngineError =>
  new EngineError('system', 'failed', { code: 'step-failed', detail: { output, exitCode } });
const missing = (missingPath: string, beside: string[]): EngineError =>
  new EngineError('invalid-parameter', 'missing', {
    code: 'copy-source-missing',
    detail: { missingPath, beside, fromContext: true },
  });

const cases: [string, EngineError, RegExp | undefined][] = [
  ['a command that slim images lack', failed('/bin/sh: 1: curl: not found\n', 127), /^curl is not in this image/],
  ['bash', failed('bash: line 1: git: command not found\n', 127), /^git is not in this image/],
  [
    'exec form',
    new EngineError('invalid-parameter', 'exec: "make": executable file not found in $PATH', { code: 'x' }),
    /^make is not/,
  ],
  ['npm behind a proxy', failed('npm ERR! code SELF_SIGNED_CERT_IN_CHAIN'), /--host-ca/],
  ['pip behind a proxy', failed('SSLError(SSLCertVerificationError(1, [SSL: CERTIFICATE_VERIFY_FAILED]'), /--host-ca/],
  [
    'apt without update',
    failed('E: Unable to locate package curl', 100),
    /RUN apt-get update && apt-get install -y curl/,
  ],
  ['a full disk', failed('write error: No space left on device'), /disk is full/],
  ['a script without its x', failed('sh: ./run.sh: Permission denied', 126), /chmod \+x/],
  ['nothing to say', failed('some test failed'), undefined],
  ['a slip of the pen', missing('pakage.json', ['package.json', 'Dockerfile']), /^did you mean package\.json\?$/],
  ['other case', missing('readme.md', ['README.md', 'src']), /^did you mean README\.md\?$/],
  ['nothing near', missing('dist', ['server.js', 'node_modules']), /there is: server\.js, node_modules$/],
  ['an empty context', missing('dist', []), /^nothing like it is in the build context/],
];
for (const [name, error, expected] of cases) {
  test(name, () => {
    const suggestion = suggestionFor(error);
    if (expected === undefined) assert.equal(suggestion, undefined);
    else assert.match(suggestion ?? '', expected);
  });
}

test('edit distance', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('', 'abc'), 3);
});
