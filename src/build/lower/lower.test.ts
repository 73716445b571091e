import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEngineError } from '../../errors/index.ts';
import type { Image } from '../../images/index.ts';
import { digestOf, type ImageRunConfig } from '../../oci/index.ts';
import type { SnapshotKey } from '../../store/index.ts';
import { interpret, parse } from '../dockerfile/index.ts';
import type { Op } from '../graph/vertex.ts';
import { type LowerInput, lower } from './lower.ts';
import type { LoweredBuild } from './lowered.ts';

/** A variable in braces, which a linter takes for a template. */
const braced = (text: string): string => `$\{${text}}`;

const diffId = digestOf('layer');

function image(config: ImageRunConfig): Image {
  return {
    id: digestOf(JSON.stringify(config)),
    config: { architecture: 'amd64', os: 'linux', config, rootfs: { type: 'layers', diff_ids: [diffId] } },
    layers: [{ diffId, snapshot: diffId as string as SnapshotKey, sizeBytes: 1 }],
    sizeBytes: 1,
  };
}

const IMAGES: Record<string, Image> = {
  busybox: image({ Env: ['PATH=/bin'], Cmd: ['sh'] }),
  trigger: image({ Env: ['PATH=/bin'], OnBuild: ['ENV SEEN=1', 'RUN echo $SEEN', 'COPY . /app'] }),
};

function lowered(dockerfile: string, request: Partial<LowerInput['request']> = {}): LoweredBuild {
  return lower({
    program: interpret(parse(Buffer.from(dockerfile))),
    request: { buildArgs: {}, labels: {}, target: '', networkMode: 'default', extraHosts: [], ...request },
    findImage: (name) => IMAGES[name],
    platform: { os: 'linux', architecture: 'amd64' },
  });
}

function history(build: LoweredBuild): (string | undefined)[] {
  return build.target.steps.flatMap((step) => [step, ...step.triggers].map((each) => each.createdBy)).filter(Boolean);
}

function lastOp<K extends Op['kind']>(build: LoweredBuild, kind: K): Extract<Op, { kind: K }> {
  const vertices = build.target.steps.flatMap((step) => [step.vertex, ...step.triggers.map(({ vertex }) => vertex)]);
  const op = vertices.findLast((vertex) => vertex?.op.kind === kind)?.op;
  assert.equal(op?.kind, kind);
  return op as Extract<Op, { kind: K }>;
}

const config = (build: LoweredBuild): ImageRunConfig => build.target.steps.at(-1)?.draft.config ?? {};

test('ENV, ARG and expansion: later wins, ARG stays out of the image', () => {
  const build = lowered(`FROM busybox\nENV A=env\nARG A=arg\nARG B\nENV C=$A-${braced('B:-none')} A2=$A\nRUN env`, {
    buildArgs: { B: 'given' },
  });
  assert.deepEqual(config(build).Env, ['PATH=/bin', 'A=env', 'C=arg-given', 'A2=arg']);
  assert.deepEqual(lastOp(build, 'run').env.toSorted(), ['A2=arg', 'A=arg', 'B=given', 'C=arg-given', 'PATH=/bin']);
  assert.deepEqual(history(build), [
    'ENV A=env',
    'ARG A=arg',
    'ARG B=given',
    'ENV C=arg-given A2=arg',
    'RUN |2 A=arg B=given /bin/sh -c env # buildkit',
  ]);
});

test('one instruction sees the variables from before it', () => {
  assert.deepEqual(config(lowered('FROM busybox\nENV a=1\nENV a=2 b=$a')).Env, ['PATH=/bin', 'a=2', 'b=1']);
});

test('global ARGs choose bases, and reach a stage only when it declares them', () => {
  const build = lowered(`ARG BASE=none\nARG V=7\nFROM ${braced('BASE')} AS x\nARG V\nENV got=$V not=$BASE`, {
    buildArgs: { BASE: 'busybox' },
  });
  assert.deepEqual(config(build).Env, ['PATH=/bin', 'got=7', 'not=']);
  assert.equal(build.globalArgs.length, 2);
});

test('platform ARGs are there when declared', () => {
  const build = lowered(
    'FROM --platform=$BUILDPLATFORM busybox\nARG TARGETARCH TARGETPLATFORM\nENV a=$TARGETARCH-$TARGETPLATFORM',
  );
  assert.equal(config(build).Env?.at(-1), 'a=amd64-linux/amd64');
});

test('proxy build arguments reach RUN without an ARG and stay out of its key and history', () => {
  const proxied = lowered('FROM busybox\nRUN true', { buildArgs: { HTTP_PROXY: 'http://user:secret@proxy' } });
  const plain = lowered('FROM busybox\nRUN true');
  assert.deepEqual(lastOp(proxied, 'run').proxyEnv, ['HTTP_PROXY=http://user:secret@proxy']);
  assert.equal(proxied.target.result.digest, plain.target.result.digest);
  assert.deepEqual(history(proxied), history(plain));
  assert.deepEqual(proxied.unusedArgs, []);
});

test('build arguments that nothing declares are named', () => {
  assert.deepEqual(lowered('FROM busybox\nARG A', { buildArgs: { A: '1', Z: '2', B: '3' } }).unusedArgs, ['B', 'Z']);
});

test('only reached stages are lowered, in Dockerfile order', () => {
  const text =
    'FROM nowhere AS unused\nRUN false\nFROM busybox AS a\nFROM busybox AS b\nCOPY --from=a /x /y\nFROM busybox AS c\nCOPY --from=b /y /z\nFROM c';
  assert.deepEqual(
    lowered(text, { target: 'B' }).stages.map((stage) => stage.name),
    ['a', 'b'],
  );
  assert.deepEqual(
    lowered(text).stages.map((stage) => stage.name),
    ['a', 'b', 'c', '4'],
  );
});

test('equal stages have equal digests; another ARG value in scope does not', () => {
  const build = lowered(
    'FROM busybox AS a\nRUN x\nFROM busybox AS b\nRUN x\nFROM busybox AS c\nARG Q=1\nRUN x\nFROM busybox\nCOPY --from=a / /\nCOPY --from=b / /\nCOPY --from=c / /',
  );
  const [a, b, c] = build.stages.map((stage) => stage.result.digest);
  assert.equal(a, b);
  assert.notEqual(a, c);
});

test("a stage built FROM another keeps its ARGs, ENV, WORKDIR; an ENTRYPOINT drops its CMD like any base image's", () => {
  const build = lowered(
    'FROM busybox AS a\nARG X=1\nWORKDIR /w\nCMD ["c"]\nFROM a\nENTRYPOINT ["e"]\nWORKDIR sub\nRUN x',
  );
  assert.equal(config(build).WorkingDir, '/w/sub');
  assert.equal(config(build).Cmd, null);
  assert.deepEqual(config(lowered('FROM busybox AS a\nCMD ["c"]\nFROM a\nWORKDIR /w')).Cmd, ['c']);
  assert.ok(lastOp(build, 'run').env.includes('X=1'));
});

test("ENTRYPOINT drops the CMD of the base image, not the Dockerfile's own", () => {
  assert.equal(config(lowered('FROM busybox\nENTRYPOINT ["a"]')).Cmd, null);
  assert.deepEqual(config(lowered('FROM busybox\nCMD ["b"]\nENTRYPOINT ["a"]')).Cmd, ['b']);
  assert.deepEqual(config(lowered('FROM busybox\nSHELL ["/bin/ash","-e"]\nENTRYPOINT run me')).Entrypoint, [
    '/bin/ash',
    '-e',
    'run me',
  ]);
});

test('ONBUILD triggers of the base run as part of FROM and are used up', () => {
  const build = lowered('FROM trigger\nCMD x');
  const [from] = build.target.steps;
  assert.deepEqual(from?.notes, ['# Executing 3 build triggers']);
  assert.deepEqual(
    from?.triggers.map((step) => step.createdBy),
    ['ENV SEEN=1', 'RUN /bin/sh -c echo $SEEN # buildkit', 'COPY . /app # buildkit'],
  );
  assert.equal(config(build).OnBuild, null);
  assert.ok(lastOp(build, 'run').env.includes('SEEN=1'));
});

test('scratch starts with a PATH', () => {
  assert.deepEqual(config(lowered('FROM scratch\nLABEL a=b')).Env, [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ]);
});

test('--label adds steps, values untouched', () => {
  const build = lowered('FROM busybox\nENV X=y', { labels: { z: "it's $X", a: '1' } });
  assert.deepEqual(config(build).Labels, { a: '1', z: "it's $X" });
  assert.deepEqual(
    build.target.steps.slice(2).map((step) => step.original),
    ['LABEL a=1', "LABEL z=it's $X"],
  );
});

const destinations: [string, string][] = [
  ['WORKDIR /w\nCOPY a .', '/w/'],
  ['WORKDIR /w\nCOPY a b', '/w/b'],
  ['WORKDIR /w\nCOPY a b/', '/w/b/'],
  ['COPY a /', '/'],
  ['COPY a ../../x', '/x'],
  ['COPY a /a/./b/../c', '/a/c'],
  ['ENV d=/data\nCOPY a $d/', '/data/'],
];
for (const [text, dest] of destinations) {
  test(`destination of ${JSON.stringify(text)}`, () => {
    assert.equal(lastOp(lowered(`FROM busybox\n${text}`), 'copy').dest, dest);
  });
}

test('heredocs: files in place, scripts, interpreters', () => {
  const copied = lowered('FROM busybox\nENV X=1\nCOPY <<A <<"B" /d/\nx=$X\nA\nx=$X\nB\n');
  assert.deepEqual(lastOp(copied, 'copy').inline, [
    { name: 'A', content: 'x=1\n' },
    { name: 'B', content: 'x=$X\n' },
  ]);
  assert.deepEqual(lastOp(lowered('FROM busybox\nRUN <<E\necho 1\nE\n'), 'run').args, ['/bin/sh', '-c', 'echo 1\n']);
  const script = lastOp(lowered('FROM busybox\nRUN <<E\n#!/usr/bin/python\nprint(1)\nE\n'), 'run');
  assert.deepEqual(script.args, ['/bin/sh', '-c', '/dev/pipes/E']);
  assert.deepEqual(script.scripts, [{ name: 'E', content: '#!/usr/bin/python\nprint(1)\n' }]);
});

test('COPY --link makes a layer that does not depend on the base', () => {
  const link = (base: string): string | undefined =>
    lowered(`${base}\nCOPY --link a /b`).target.result.inputs[1]?.digest;
  assert.equal(link('FROM busybox'), link('FROM busybox\nENV a=1\nRUN x'));
});

test('SOURCE_DATE_EPOCH by build argument, global ARG or ARG', () => {
  assert.equal(lowered('FROM busybox', { buildArgs: { SOURCE_DATE_EPOCH: '7' } }).sourceDateEpoch, 7);
  assert.equal(lowered('ARG SOURCE_DATE_EPOCH=8\nFROM busybox').sourceDateEpoch, 8);
  assert.equal(lowered('FROM busybox\nARG SOURCE_DATE_EPOCH=9').sourceDateEpoch, 9);
  assert.equal(lowered('FROM busybox').sourceDateEpoch, undefined);
});

const refused: [
  text: string,
  kind: Parameters<typeof isEngineError>[1],
  message: RegExp,
  request?: Partial<LowerInput['request']>,
][] = [
  [
    'FROM nowhere',
    'not-found',
    /^pull access denied for nowhere, repository does not exist or may require 'docker login'/,
  ],
  ['FROM busybox', 'invalid-parameter', /^target stage "x" could not be found$/, { target: 'x' }],
  [
    'FROM busybox',
    'not-found',
    /does not provide the specified platform \(linux\/arm64\)$/,
    { platform: 'linux/arm64' },
  ],
  ['ARG A\nFROM $A', 'invalid-parameter', /^base name \(\$A\) should not be blank$/],
  ['FROM busybox\nADD http://x/y /z', 'not-implemented', /^ADD of a URL \(http:\/\/x\/y\) is not supported yet$/],
  [
    'FROM busybox\nADD https://u:pw@x/y.git /z',
    'not-implemented',
    /^ADD of a git repository \(https:\/\/x\/y\.git\) is not supported yet$/,
  ],
  [
    'FROM busybox\nRUN --mount=type=cache,target=/c x',
    'not-implemented',
    /^RUN --mount=type=cache is not supported yet$/,
  ],
  ['FROM busybox\nRUN --network=host x', 'forbidden', /^network\.host is not allowed$/],
  ['FROM busybox\nRUN --security=insecure x', 'forbidden', /^security\.insecure is not allowed$/],
  ['FROM busybox\nCOPY a b /c', 'invalid-parameter', /destination must be a directory and end with a \/$/],
  ['FROM busybox AS a\nCOPY --from=a /x /y', 'invalid-parameter', /^invalid from flag value a/],
  ['FROM busybox\nCOPY --from=3 /x /y', 'invalid-parameter', /^invalid from flag value 3/],
  ['FROM busybox\nEXPOSE 99999', 'invalid-parameter', /99999/],
  [
    'FROM busybox',
    'invalid-parameter',
    /SOURCE_DATE_EPOCH: tomorrow/,
    { buildArgs: { SOURCE_DATE_EPOCH: 'tomorrow' } },
  ],
];
for (const [text, kind, message, request] of refused) {
  test(`refused: ${JSON.stringify(text)} ${JSON.stringify(request ?? {})}`, () => {
    assert.throws(
      () => lowered(text, request),
      (error: Error) => {
        assert.ok(isEngineError(error, kind), String(error));
        assert.match(error.message, message);
        if (text.includes('\n') && !text.startsWith('ARG'))
          assert.equal((error.detail['range'] as { startLine: number }).startLine, text.split('\n').length);
        return true;
      },
    );
  });
}

test('B-11: 200 stages and 1,000 steps lower in well under a second', () => {
  const lines = Array.from({ length: 200 }, (_, i) => [
    `FROM ${i === 0 ? 'busybox' : `s${i - 1}`} AS s${i}`,
    ...Array(5).fill('ENV a=$a'),
    `RUN ${i}`,
  ]);
  const started = performance.now();
  assert.equal(lowered(lines.flat().join('\n')).stages.length, 200);
  assert.ok(performance.now() - started < 1000);
});
