import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageRunConfig } from '../../oci/index.ts';
import { applyChanges } from './apply-change.ts';

describe('--change', () => {
  const cases: [config: ImageRunConfig, changes: string[], expected: ImageRunConfig][] = [
    [{}, [], {}],
    [{}, ['CMD echo hi'], { Cmd: ['/bin/sh', '-c', 'echo hi'] }],
    [{ Shell: ['/x'] }, ['CMD echo hi'], { Shell: ['/x'], Cmd: ['/x', 'echo hi'] }],
    [{}, ['CMD'], { Cmd: ['/bin/sh', '-c'] }],
    [{ Cmd: ['a'] }, ['ENTRYPOINT ["x"]'], { Entrypoint: ['x'], Cmd: null }],
    [{}, ['CMD ["a"]', 'ENTRYPOINT ["x"]'], { Entrypoint: ['x'], Cmd: ['a'] }],
    [{ Env: ['A=1', 'B=2'] }, ['ENV A=3 C=$A', 'ENV D=$A'], { Env: ['A=3', 'B=2', 'C=1', 'D=3'] }],
    [{}, ['ENV A=b \\', 'C=d'], { Env: ['A=b', 'C=d'] }],
    [{ WorkingDir: '/a' }, ['WORKDIR b', 'workdir c/../d'], { WorkingDir: '/a/b/d' }],
    [{}, ['WORKDIR x'], { WorkingDir: '/x' }],
    [
      { ExposedPorts: { '1/tcp': {} } },
      ['EXPOSE 80 81/udp'],
      { ExposedPorts: { '1/tcp': {}, '80/tcp': {}, '81/udp': {} } },
    ],
    [{ Labels: { a: '1' } }, ['LABEL a=2 b=3'], { Labels: { a: '2', b: '3' } }],
    [{}, ['USER u:g', 'VOLUME /v', 'STOPSIGNAL 9'], { User: 'u:g', Volumes: { '/v': {} }, StopSignal: '9' }],
    [{ OnBuild: ['RUN a'] }, ['ONBUILD RUN b'], { OnBuild: ['RUN a', 'RUN b'] }],
    [
      {},
      ['HEALTHCHECK --interval=3s CMD foo'],
      { Healthcheck: { Test: ['CMD-SHELL', 'foo'], Interval: 3_000_000_000 } },
    ],
    [{}, ['HEALTHCHECK NONE'], { Healthcheck: { Test: ['NONE'] } }],
  ];
  for (const [config, changes, expected] of cases) {
    it(JSON.stringify(changes), () => {
      const before = structuredClone(config);
      assert.deepEqual(applyChanges(config, changes), expected);
      assert.deepEqual(config, before);
    });
  }

  const refused: [string, string][] = [
    ['RUN foo', 'RUN is not a valid change command'],
    ['run foo', 'run is not a valid change command'],
    ['FOO foo', 'FOO is not a valid change command'],
    ['COPY --foo=b a b', 'COPY is not a valid change command'],
    ['ENV', 'ENV requires at least one argument'],
    ['ENV A', 'ENV must have two arguments'],
    ['CMD --foo a', 'unknown flag: --foo'],
    ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['STOPSIGNAL FOO', 'invalid signal: FOO'],
    ['# x', 'file with no instructions'],
  ];
  for (const [change, message] of refused) {
    it(`refuses ${change}`, () => {
      assert.throws(() => applyChanges({}, [change]), { kind: 'invalid-parameter', message });
    });
  }
});
