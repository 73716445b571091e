import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isEngineError } from '../../../errors/index.ts';
import type { DockerfileProgram, Instruction } from '../contract.ts';
import { parse } from '../parser/parse.ts';
import { expandInstruction } from './expand-instruction.ts';
import { findStage } from './from.ts';
import { interpret, parseInstruction } from './interpret.ts';
import type { InstructionBody } from './readers.ts';
import { resolveRunScript } from './run.ts';

const read = (...lines: string[]): DockerfileProgram => interpret(parse(Buffer.from(lines.join('\n'))));
const line = 'dockerfile parse error on line 2: ';

const accepted: [text: string, expected: InstructionBody][] = [
  ['ARG a b=c d=', { kind: 'arg', args: [{ key: 'a' }, { key: 'b', value: 'c' }, { key: 'd', value: '' }] }],
  ['ENV a b c', { kind: 'env', pairs: [{ key: 'a', value: 'b c', isLegacy: true }] }],
  [
    'LABEL a=b "c d"=e',
    {
      kind: 'label',
      pairs: [
        { key: 'a', value: 'b' },
        { key: '"c d"', value: 'e' },
      ],
    },
  ],
  ['CMD a  b', { kind: 'cmd', command: { form: 'shell', command: 'a  b', heredocs: [] } }],
  ['CMD []', { kind: 'cmd', command: { form: 'exec', args: [] } }],
  ['ENTRYPOINT ["a", "b"]', { kind: 'entrypoint', command: { form: 'exec', args: ['a', 'b'] } }],
  ['EXPOSE 90 80/udp', { kind: 'expose', ports: ['80/udp', '90'] }],
  ['USER a:b', { kind: 'user', user: 'a:b' }],
  ['WORKDIR /a b', { kind: 'workdir', path: '/a b' }],
  ['VOLUME ["/a b"]', { kind: 'volume', paths: ['/a b'] }],
  ['STOPSIGNAL 9', { kind: 'stopsignal', signal: '9' }],
  ['SHELL ["a", "-c"]', { kind: 'shell', shell: ['a', '-c'] }],
  ['MAINTAINER a b', { kind: 'maintainer', maintainer: 'a b' }],
  ['ONBUILD  COPY --from=x a  b', { kind: 'onbuild', expression: 'COPY --from=x a  b' }],
  ['HEALTHCHECK NONE', { kind: 'healthcheck', test: ['NONE'] }],
  [
    'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=0s --retries=4 cmd a b',
    { kind: 'healthcheck', test: ['CMD-SHELL', 'a b'], intervalNs: 90e9, timeoutNs: 1.5e9, retries: 4 },
  ],
  ['HEALTHCHECK CMD ["a"]', { kind: 'healthcheck', test: ['CMD', 'a'] }],
  [
    'COPY --from=0 --chown=a:b --chmod=u=rwX --link=false --parents --exclude=x --exclude=y a b c/',
    {
      kind: 'copy',
      files: { sources: ['a', 'b'], inline: [], dest: 'c/' },
      from: '0',
      chown: 'a:b',
      chmod: 'u=rwX',
      link: false,
      parents: true,
      exclude: ['x', 'y'],
    },
  ],
  [
    'ADD --keep-git-dir --unpack=false --checksum=sha256:1 ["a b", "c"]',
    {
      kind: 'add',
      files: { sources: ['a b'], inline: [], dest: 'c' },
      link: false,
      exclude: [],
      checksum: 'sha256:1',
      keepGitDir: true,
      unpack: false,
    },
  ],
  [
    'RUN --mount=type=cache,dst=/a,sharing=locked,ro,mode=0755 --mount=src=$x --mount=type=tmpfs,size=1.5m --network=none a',
    {
      kind: 'run',
      command: { form: 'shell', command: 'a', heredocs: [] },
      mounts: [
        { type: 'cache', options: { target: '/a', sharing: 'locked', readonly: 'true', mode: '0755' } },
        { type: 'tmpfs', options: { size: '1572864' } },
      ],
      mountFlags: ['type=cache,dst=/a,sharing=locked,ro,mode=0755', 'src=$x', 'type=tmpfs,size=1.5m'],
      network: 'none',
      security: 'sandbox',
      devices: [],
    },
  ],
];

describe('instructions', () => {
  for (const [text, expected] of accepted) {
    it(text, () => {
      const [instruction] = read('FROM a', text).stages[0]?.instructions ?? [];
      assert.ok(instruction !== undefined);
      const { range, original, flagNames, ...body } = instruction;
      assert.deepEqual({ ...body }, expected);
      assert.deepEqual([range, original], [{ startLine: 2, endLine: 2 }, text]);
      assert.equal(flagNames.includes('link'), text.includes('--link'));
    });
  }
});

const refused: [text: string, message: string][] = [
  ['RUNN x', 'unknown instruction: RUNN (did you mean RUN?)'],
  ['copi x y', 'unknown instruction: copi (did you mean copy?)'],
  ['XYZZY x', 'unknown instruction: XYZZY'],
  ['constructor x', 'unknown instruction: constructor'],
  ['COPY --fron=x a b', 'unknown flag: --fron (did you mean from?)'],
  ['COPY --constructor=x a b', 'unknown flag: --constructor'],
  ['COPY --from a b', 'missing a value on flag: --from'],
  ['COPY --from=a --from=b a b', 'duplicate flag specified: --from'],
  ['COPY --link=maybe a b', 'expecting boolean value for flag --link, not: maybe'],
  ['COPY --link= a b', 'missing a value on flag: --link'],
  ['COPY a', 'COPY requires at least two arguments, but only one was provided. Destination could not be determined'],
  ['ADD a <<b\nb', 'ADD cannot accept a heredoc as a destination'],
  ['CMD --x a', 'unknown flag: --x'],
  ['ENV', 'ENV requires at least one argument'],
  ['ENV =x', 'ENV names can not be blank'],
  ['ARG =x', 'ARG names can not be blank'],
  ['USER', 'USER requires exactly one argument'],
  ['VOLUME [""]', 'VOLUME specified can not be an empty string'],
  ['SHELL a', 'SHELL requires the arguments to be in JSON form'],
  ['SHELL []', 'SHELL requires at least one argument'],
  ['ONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
  ['ONBUILD from x', "FROM isn't allowed as an ONBUILD trigger"],
  ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
  ['HEALTHCHECK NONE x', 'HEALTHCHECK NONE takes no arguments'],
  ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
  ['HEALTHCHECK FOO x', 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  ['HEALTHCHECK --interval=1x CMD a', 'time: unknown unit "x" in duration "1x"'],
  ['HEALTHCHECK --interval=5 CMD a', 'time: missing unit in duration "5"'],
  ['HEALTHCHECK --interval=s CMD a', 'time: invalid duration "s"'],
  ['HEALTHCHECK --interval=9999999h CMD a', 'time: invalid duration "9999999h"'],
  ['HEALTHCHECK --timeout=1us CMD a', 'Interval "timeout" cannot be less than 1ms'],
  ['HEALTHCHECK --retries=x CMD a', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['HEALTHCHECK --retries=-1 CMD a', '--retries cannot be negative (-1)'],
  ['RUN --network=foo a', 'invalid network mode "foo"'],
  ['RUN --security=foo a', 'security "foo" is not valid'],
  ['RUN --mount=type=foo a', 'unsupported mount type "foo"'],
  ['RUN --mount=sourc=a a', "unexpected key 'sourc' in 'sourc=a' (did you mean source?)"],
  ['RUN --mount=foo a', "invalid field 'foo' must be a key=value pair"],
  ['RUN --mount=from=$x a', "'from' doesn't support variable expansion, define alias stage instead"],
  ['RUN --mount=type=bind,required a', "unexpected key 'required' for mount type 'bind'"],
  ['RUN --mount=type=tmpfs,size=x a', 'invalid value for size: x'],
  ['RUN --mount=type=cache,sharing=lockd a', 'unsupported sharing value "lockd" (did you mean locked?)'],
  ['RUN --mount=type=cache,mode=9 a', 'invalid value 9 for mode'],
  ['RUN --mount=type=bind,uid=1 a', 'uid not allowed for "bind" type mounts'],
  ['RUN --mount=type=secret a', 'invalid secret mount. one of source, target required'],
  ['RUN --mount=type=bind,sharing=shared a', 'invalid cache sharing set for bind mount'],
  ['FROM a AS 1b', 'invalid name for build stage: "1b", name can\'t start with a number or contain symbols'],
  ['FROM a b', 'FROM requires either one or three arguments'],
  ['FROM --platfrom=x a', 'unknown flag: --platfrom (did you mean platform?)'],
];

describe('what is refused, in the words of Docker', () => {
  for (const [text, message] of refused) {
    it(text, () => {
      assert.throws(
        () => read('FROM a', text),
        (error) => {
          assert.ok(isEngineError(error, 'invalid-parameter'));
          assert.equal(error.message, line + message);
          assert.deepEqual(error.detail['range'], { startLine: 2, endLine: 1 + text.split('\n').length });
          assert.equal(error.detail['suggestion'], /did you mean (.*)\?/.exec(message)?.[1]);
          return true;
        },
      );
    });
  }
  it('instructions before FROM, or nothing else', () => {
    assert.throws(() => read('ARG a', 'RUN x'), { message: 'no build stage in current context' });
    assert.throws(() => read('ARG a'), { message: 'dockerfile contains no stages to build' });
  });
});

describe('stages', () => {
  const { metaArgs, stages } = read(
    'ARG V=1',
    'FROM a:$V AS Base',
    'FROM base as x',
    'FROM --platform=p c AS x',
    'RUN y',
  );
  it('have names without case, platforms, instructions', () => {
    assert.equal(metaArgs.length, 1);
    const rows = stages.map((stage) => [
      stage.index,
      stage.name,
      stage.baseName,
      stage.platform,
      stage.instructions.length,
    ]);
    assert.deepEqual(rows, [
      [0, 'base', 'a:$V', undefined, 0],
      [1, 'x', 'base', undefined, 0],
      [2, 'x', 'c', 'p', 1],
    ]);
  });
  it('are found by name or index', () => {
    assert.equal(findStage(stages, 'BASE')?.index, 0);
    assert.equal(findStage(stages, 'x')?.index, 2);
    assert.equal(findStage(stages, 'x', 2)?.index, 1);
    assert.equal(findStage(stages, '1')?.index, 1);
    assert.equal(findStage(stages, '2', 2), undefined);
    assert.equal(findStage(stages, 'none'), undefined);
  });
  it('may be many', () => {
    const text = Array.from({ length: 200 }, (_, at) => `FROM a AS s${at}\n${'RUN x\n'.repeat(5)}`).join('');
    const start = performance.now();
    assert.equal(read(text).stages.length, 200);
    assert.ok(performance.now() - start < 1000);
  });
});

it('keeps letters outside ASCII in flags', () => {
  const copy = parseInstruction('COPY --from=größe a b');
  assert.equal(copy.kind === 'copy' && copy.from, 'größe');
});

describe('expandInstruction', () => {
  const options = { lookup: (name: string) => (name === 'x' ? 'X Y' : undefined), escapeToken: '\\' } as const;
  const cases: [text: string, changed: Record<string, unknown>][] = [
    ['ENV $x="$x"', { pairs: [{ key: 'X Y', value: 'X Y' }] }],
    ['EXPOSE $x "$x"', { ports: ['X Y', 'X', 'Y'] }],
    ['WORKDIR /$x', { path: '/X Y' }],
    ['VOLUME ["$x"]', { paths: ['X Y'] }],
    ['RUN --mount=type=bind,src=$x $x', { mounts: [{ type: 'bind', options: { source: 'X Y' } }] }],
    ['ADD --chmod=$x --checksum=$x a b', { chmod: 'X Y', checksum: 'X Y' }],
    ['CMD $x', {}],
    ['ARG a=$x', {}],
    [
      'COPY --chown=$x $x <<E <<-"F" /$x\n"$x"\nE\n\t$x\nF',
      {
        chown: 'X Y',
        files: {
          sources: ['X Y'],
          inline: [
            { name: 'E', content: '"X Y"\n', expand: true },
            { name: 'F', content: '$x\n', expand: false },
          ],
          dest: '/X Y',
        },
      },
    ],
  ];
  for (const [text, changed] of cases) {
    it(text, () => {
      const instruction: Instruction = parseInstruction(text);
      assert.deepEqual({ ...expandInstruction(instruction, options) }, { ...instruction, ...changed });
    });
  }
  it('names the line of what cannot be expanded', () => {
    const place = { detail: { range: { startLine: 1, endLine: 1 } } };
    assert.throws(() => expandInstruction(parseInstruction('USER ${'), options), place);
  });
});

describe('RUN with heredocs', () => {
  const script = (text: string): unknown => {
    const run = parseInstruction(text);
    assert.ok(run.kind === 'run' && run.command.form === 'shell');
    return resolveRunScript(run.command.command, run.command.heredocs);
  };
  it('alone, it is the script', () => {
    assert.deepEqual(script('RUN <<-E\n\ta\n\tE'), { kind: 'shell', text: 'a\n' });
    assert.deepEqual(script('RUN <<E\n#!/bin/x\nE'), { kind: 'file', path: '/dev/pipes/E', content: '#!/bin/x\n' });
  });
  it('with more, the shell reads it', () => {
    assert.deepEqual(script('RUN cat <<E 3<<F\na\nE\nb\nF'), { kind: 'shell', text: 'cat <<E 3<<F\na\nE\nb\nF' });
  });
});

it('ONBUILD keeps heredocs, so that its expression can be read again', () => {
  const trigger = parseInstruction('ONBUILD RUN <<E\na\nE');
  assert.ok(trigger.kind === 'onbuild');
  assert.equal(trigger.expression, 'RUN <<E\na\nE');
  assert.equal(parseInstruction(trigger.expression).kind, 'run');
});
