// The unmodified docker CLI builds real-looking Dockerfiles with our engine (the classic builder's wire), and runs what
// came of them. Needs root and the lab with that CLI.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { provideImage } from '../support/busybox.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { createDocker, type Docker, skip } from './docker.ts';

let engine: Engine;
let docker: Docker;
if (skip !== false) console.log(`skipped: ${skip}`);
before(async () => {
  if (skip !== false) return;
  engine = await startEngine();
  provideImage(engine);
  docker = createDocker(engine);
});
after(async () => {
  await engine?.stop();
  docker?.close();
});

/** Builds a context into `tag`; gives what the builder printed. */
function built(context: string, tag: string, ...flags: string[]): string {
  const { code, stdout, stderr } = docker.build(context, '-t', tag, ...flags);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, new RegExp(`Successfully built [0-9a-f]{12}\nSuccessfully tagged ${tag}(:latest)?\n$`));
  return stdout;
}
const output = (...args: string[]): string => docker.must(['run', '--rm', ...args]);

interface ImageConfig {
  Cmd: string[] | null;
  Entrypoint: string[] | null;
  Env: string[];
  ExposedPorts: Record<string, object>;
  Healthcheck: object;
  Labels: Record<string, string>;
  OnBuild: string[] | null;
  Shell: string[];
  StopSignal: string;
  User: string;
  Volumes: Record<string, object>;
  WorkingDir: string;
}
const image = (tag: string): { Author: string; Config: ImageConfig } => docker.inspect(tag);

test('multi-stage: COPY --from a name, a number and an image; --target', { skip }, () => {
  const context = docker.context('multi-stage');
  assert.match(built(context, 'lab-multi'), /^Step 1\/\d+ : ARG BASE=busybox:latest\n/m);
  assert.equal(output('lab-multi'), 'hello from release\n');
  assert.equal(output('lab-multi', 'cat', '/etc/report'), 'hello from nobody\n');
  assert.equal(output('lab-multi', '/opt/busybox', 'echo', 'spare'), 'spare\n');
  assert.equal(docker.run(['run', '--rm', 'lab-multi', 'test', '-e', '/src']).code, 1);
  built(context, 'lab-multi-compile', '--target', 'compile');
  assert.equal(
    output('lab-multi-compile', 'sh', '-c', 'pwd; ls; test -e /report || echo unchecked'),
    '/src\napp\ngreet.sh\nmain.sh\nunchecked\n',
  );
});

// A stage goes on with the ARGs of the stage it is from, as BuildKit has it (dockerd's classic builder drops them).
test('ARG and ENV: scopes, defaults, --build-arg', { skip }, () => {
  const context = docker.context('arguments');
  const report = (version: string, flavour: string, last: string): string =>
    [
      `base: version=${version} flavour=${flavour} mode=env-wins name=app ${version}`,
      `next: version=${version} flavour=${flavour} mode=env-wins a=2 b=1 literal=$A`,
      `last: flavour=${last} alt=set single='${last}'`,
      `run: pwd=/opt/${flavour} name=app ${version} version=unset\n`,
    ].join('\n');
  built(context, 'lab-args');
  assert.equal(output('lab-args'), report('0.1', 'plain', 'again'));
  built(context, 'lab-args', '--build-arg', 'VERSION=2.0', '--build-arg', 'FLAVOUR=mint', '--build-arg', 'MODE=slow');
  assert.equal(output('lab-args'), report('2.0', 'mint', 'mint'));
  const unused = docker.build(context, '--build-arg', 'NOBODY=asks');
  assert.match(unused.stdout + unused.stderr, /\[Warning\] One or more build-args \[NOBODY\] were not consumed/);
});

test('heredocs of RUN and COPY', { skip }, () => {
  built(docker.context('heredocs'), 'lab-heredocs');
  assert.equal(output('lab-heredocs'), 'run here\npiped\nmade by builder\n\tkept tab\nmade by $WHO\nfirst\nsecond\n');
});

test('ONBUILD: kept in the parent, done in the child', { skip }, () => {
  built(docker.context('onbuild/parent'), 'lab-parent');
  assert.deepEqual(image('lab-parent').Config.OnBuild, [
    'ARG GREETING=hi',
    'COPY . .',
    'RUN echo "$GREETING $(cat name.txt)" > greeting.txt',
  ]);
  const child = docker.context('onbuild/child');
  assert.match(built(child, 'lab-child'), /# Executing 3 build triggers/);
  assert.equal(output('lab-child'), 'hi child\nand more\n');
  assert.equal(image('lab-child').Config.OnBuild ?? null, null);
  built(child, 'lab-child', '--build-arg', 'GREETING=servus');
  assert.equal(output('lab-child'), 'servus child\nand more\n');
});

test('.dockerignore: what is left out, what comes back', { skip }, () => {
  built(docker.context('ignored'), 'lab-ignored');
  assert.equal(output('lab-ignored'), './docs/keep.md\n./readme.md\n./src/main.c\n');
});

test('USER, WORKDIR, COPY --chown and --chmod', { skip }, () => {
  built(docker.context('ownership'), 'lab-ownership');
  assert.equal(
    output('lab-ownership'),
    [
      '1001:1234 /srv/app/other',
      'by-name.txt 1001:1234 644',
      'by-number.txt 2000:3000 640',
      'plain.txt 0:0 755',
      'sub/uid-only.txt 1001:1001 644',
      'mine.txt 1001:1234 644',
      'other/as-root.txt 0:0 644\n',
    ].join('\n'),
  );
});

test('ADD unpacks a tar.gz of the context, COPY does not', { skip }, () => {
  const context = docker.context('archive');
  const tree = join(context, 'tree');
  mkdirSync(tree);
  writeFileSync(join(tree, 'file.txt'), 'unpacked\n');
  writeFileSync(join(tree, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('file.txt', join(tree, 'link'));
  execFileSync('tar', ['-czf', join(context, 'tree.tar.gz'), '-C', context, 'tree']);
  rmSync(tree, { recursive: true });
  built(context, 'lab-archive');
  assert.equal(output('lab-archive'), 'unpacked\nplain\nfile.txt\n755\ntree.tar.gz\n');
});

test('the whole config: SHELL, HEALTHCHECK, STOPSIGNAL, LABEL, VOLUME, EXPOSE, USER', { skip }, () => {
  built(docker.context('config'), 'lab-config', '--label', 'from=flag');
  const { Author, Config } = image('lab-config');
  assert.equal(Author, 'Somebody <somebody@example.com>');
  assert.deepEqual(Config.Shell, ['/bin/sh', '-eu', '-c']);
  assert.deepEqual(Config.Cmd, ['/bin/sh', '-eu', '-c', 'echo "flags $(cat /flags) $GREETING"']);
  assert.deepEqual(Config.Healthcheck, {
    Test: ['CMD-SHELL', 'test -e /flags'],
    Interval: 1e9,
    Timeout: 2e9,
    StartPeriod: 3e9,
    Retries: 4,
  });
  assert.deepEqual(Config.Labels, {
    'org.opencontainers.image.title': 'The "config"',
    version: '1.1',
    multi: 'two words',
    from: 'flag',
  });
  assert.deepEqual(Object.keys(Config.ExposedPorts).sort(), [
    '443/tcp',
    '53/udp',
    '7000/tcp',
    '7001/tcp',
    '7002/tcp',
    '80/tcp',
  ]);
  assert.deepEqual(Object.keys(Config.Volumes).sort(), ['/data', '/logs', '/var/cache']);
  assert.equal(Config.StopSignal, 'SIGUSR1');
  assert.equal(Config.User, '65534:65534');
  assert.equal(Config.WorkingDir, '/data');
  assert.deepEqual(Config.Env.slice(-2), ['GREETING=hello', 'EMPTY=']);
  assert.match(output('lab-config'), /^flags (?=\S*e)(?=\S*u)\S+ hello\n$/);
});

const COMMANDS: readonly [target: string, args: string[], prints: string][] = [
  ['cmd-exec', [], 'cmd $HOME'],
  ['cmd-exec', ['echo', 'other'], 'other'],
  ['cmd-shell', [], 'shell 2'],
  ['entry-exec', [], 'entry'],
  ['entry-exec', ['a', 'b'], 'entry a b'],
  ['entry-exec-cmd', [], 'entry default'],
  ['entry-exec-cmd', ['mine'], 'entry mine'],
  ['entry-exec-cmd-shell', [], 'entry /bin/sh -c default $HOME'],
  ['entry-shell-cmd', [], 'alone'],
  ['entry-shell-cmd', ['mine'], 'alone'],
  ['entry-reset', [], 'fresh'],
  ['cmd-inherits', [], 'entry child'],
];
test('ENTRYPOINT and CMD: what runs', { skip }, () => {
  const context = docker.context('commands');
  for (const target of new Set(COMMANDS.map(([name]) => name))) built(context, `lab-${target}`, '--target', target);
  for (const [target, args, prints] of COMMANDS)
    assert.equal(output(`lab-${target}`, ...args), `${prints}\n`, `${target} ${args.join(' ')}`);
  assert.equal(output('--entrypoint', 'echo', 'lab-entry-exec-cmd', 'over'), 'over\n');
});

test('a RUN that fails: its output, the line of the error, its exit code', { skip }, () => {
  const context = docker.context('failing');
  const failed = docker.build(context, '-t', 'lab-failing');
  assert.equal(failed.code, 23);
  assert.match(failed.stdout + failed.stderr, /words\n/);
  assert.match(failed.stderr, /The command '\/bin\/sh -c echo words >&2; exit 23' returned a non-zero code: 23\n$/);
  assert.doesNotMatch(failed.stdout, /never/);
  assert.equal(docker.run(['inspect', 'lab-failing']).code, 1);
  const unknown = docker.build(context, '-f', join(context, 'unknown.Dockerfile'));
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /dockerfile parse error on line 4: unknown instruction: RUNN/);
  const missing = docker.build(context, '-f', join(context, 'missing.Dockerfile'));
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /COPY failed: .*no-such-file\.txt/);
});

test('the cache: a second build uses it, a changed file ends it, --no-cache ignores it', { skip }, () => {
  const context = docker.context('cached');
  const steps = (printed: string): number => printed.match(/ ---> Using cache\n/g)?.length ?? 0;
  assert.equal(steps(built(context, 'lab-cached')), 0);
  const first = output('lab-cached').split('\n');
  assert.equal(steps(built(context, 'lab-cached')), 6);
  assert.deepEqual(output('lab-cached').split('\n'), first);
  writeFileSync(join(context, 'source.txt'), 'two\n');
  assert.equal(steps(built(context, 'lab-cached')), 2);
  const changed = output('lab-cached').split('\n');
  assert.equal(changed[0], first[0]);
  assert.notEqual(changed[1], first[1]);
  built(context, 'lab-cached', '--build-arg', 'LEVEL=2');
  const levelled = output('lab-cached').split('\n');
  assert.notEqual(levelled[0], changed[0]); // every RUN after an ARG depends on its value
  assert.equal(levelled[2], 'level 2');
  assert.equal(steps(built(context, 'lab-cached', '--no-cache')), 0);
  assert.notEqual(output('lab-cached').split('\n')[0], first[0]);
});

test('a context from stdin, and a Dockerfile from stdin', { skip }, () => {
  const alone = docker.run(['build', '-q', '-'], { input: 'FROM busybox\nCMD ["echo", "from stdin"]\n' });
  assert.match(alone.stdout, /^sha256:[0-9a-f]{64}\n$/, alone.stderr);
  assert.equal(output(alone.stdout.trim()), 'from stdin\n');
  const context = docker.context('archive');
  const other = docker.run(['build', '-q', '-f', '-', context], {
    input: 'FROM busybox\nCOPY plain.txt /\nCMD cat /plain.txt\n',
  });
  assert.equal(other.code, 0, other.stderr);
  assert.equal(output(other.stdout.trim()), 'plain\n');
});
