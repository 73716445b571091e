import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createdBy } from './created-by.ts';
import { parseInstruction } from './instructions/interpret.ts';

const context = { shell: ['/bin/sh', '-c'], buildArgs: [] };
const withArgs = { ...context, buildArgs: [{ key: 'A', value: '1' }, { key: 'B' }, { key: 'A', value: '2' }] };

describe('created_by, as BuildKit writes it', () => {
  const cases: [line: string, expected: string | undefined, given?: typeof withArgs][] = [
    ['ARG A=1 B', 'ARG A=1 B'],
    ['ENV X=y Z=b', 'ENV X=y Z=b'],
    ['LABEL a=b', 'LABEL a=b'],
    ['EXPOSE 80 90-92/udp', 'EXPOSE [80/tcp 90/udp 91/udp 92/udp]'],
    ['VOLUME /a /b', 'VOLUME [/a /b]'],
    ['STOPSIGNAL 9', 'STOPSIGNAL 9'],
    ['SHELL ["/bin/x","-c"]', 'SHELL [/bin/x -c]'],
    ['CMD echo "hi"', 'CMD ["/bin/sh" "-c" "echo \\"hi\\""]'],
    ['CMD []', 'CMD []'],
    ['ENTRYPOINT ["a","b c"]', 'ENTRYPOINT ["a" "b c"]'],
    [
      'HEALTHCHECK --interval=5s --timeout=1m30s --start-period=1h --retries=2 CMD foo "bar"',
      'HEALTHCHECK &{["CMD-SHELL" "foo \\"bar\\""] "5s" "1m30s" "1h0m0s" "0s" \'\\x02\'}',
    ],
    ['MAINTAINER me', 'MAINTAINER me'],
    ['USER 3', 'USER 3'],
    ['COPY --chown=1:2 --link x <<a /dst/\na', 'COPY --chown=1:2 x <<a /dst/ # buildkit'],
    ['ADD --chmod=600 a b', 'ADD --chmod=600 a b # buildkit'],
    ['RUN --network=none echo hi', 'RUN /bin/sh -c echo hi # buildkit'],
    ['RUN echo hi', 'RUN |2 A=2 B= /bin/sh -c echo hi # buildkit', withArgs],
    ['RUN ["a","b c"]', 'RUN a b c # buildkit'],
    ['RUN <<E\necho a\nE', 'RUN /bin/sh -c echo a\n # buildkit'],
    ['ONBUILD RUN x', undefined],
  ];
  for (const [line, expected, given] of cases) {
    it(line, () => assert.equal(createdBy(parseInstruction(line), given ?? context), expected));
  }
  it('WORKDIR is the directory it resolved to', () => {
    assert.equal(createdBy(parseInstruction('WORKDIR y'), { ...context, workdir: '/x/y' }), 'WORKDIR /x/y');
  });
});
