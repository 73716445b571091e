// The unmodified docker CLI against our engine: what people type all day. Needs root and the lab with that CLI.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** What `yes TEXT | head -c SIZE` prints, as its md5, without holding it. */
function md5OfYes(text: string, sizeBytes: number): string {
  const hash = createHash('md5');
  const block = Buffer.from(`${text}\n`.repeat(65_536));
  for (let left = sizeBytes; left > 0; left -= block.length) hash.update(block.subarray(0, left));
  return hash.digest('hex');
}

test('version and info of both sides', { skip }, () => {
  assert.match(
    docker.must(['version', '--format', '{{.Client.Version}} {{.Server.APIVersion}}']),
    /^28\.5\S* 1\.51\n$/,
  );
  assert.match(docker.must(['info']), /Server:\n Containers: \d+/);
});

test('run -d prints the id; wait, ps, inspect, stop and rm find it by name and by short id', { skip }, () => {
  const id = docker.must([
    'run',
    '-d',
    '--name',
    'web',
    '-p',
    '127.0.0.1::80',
    'busybox',
    'sh',
    '-c',
    'trap "exit 4" TERM; while :; do sleep 0.1; done',
  ]);
  assert.match(id, /^[0-9a-f]{64}\n$/);
  assert.equal(
    docker.must(['ps', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.Image}} {{.State}}']),
    `${id.trim()} web busybox running\n`,
  );
  assert.match(
    docker.must(['ps']),
    /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n.* Up .*127\.0\.0\.1:\d+->80\/tcp +web\n$/,
  );
  assert.match(docker.must(['port', 'web']), /^80\/tcp -> 127\.0\.0\.1:\d+\n$/);
  assert.equal(docker.must(['stop', id.slice(0, 12)]), `${id.slice(0, 12)}\n`);
  assert.equal(docker.must(['wait', 'web']), '4\n');
  assert.match(docker.must(['ps', '-a', '--filter', 'name=web', '--format', '{{.Status}}']), /^Exited \(4\) /);
  assert.equal(docker.must(['start', 'web']), 'web\n');
  assert.equal(docker.must(['rm', '-f', 'web']), 'web\n');
});

for (const code of [0, 1, 42, 126, 127, 255]) {
  test(`run ends with the exit code ${code}`, { skip }, () =>
    assert.equal(docker.run(['run', '--rm', 'busybox', 'sh', '-c', `exit ${code}`]).code, code),
  );
}

test('run of a command or image that is not there', { skip }, () => {
  const noCommand = docker.run(['run', '--rm', 'busybox', 'no-such-command']);
  assert.equal(noCommand.code, 127);
  assert.match(noCommand.stderr, /exec: "no-such-command": executable file not found in \$PATH/);
  assert.equal(docker.run(['run', '--rm', 'busybox', '/etc/passwd']).code, 126);
  assert.equal(docker.run(['run', '--rm', '--pull', 'never', 'no-such-image']).code, 125);
});

test('run --rm leaves no container and no anonymous volume', { skip }, () => {
  const volumes = docker.must(['volume', 'ls', '-q']);
  docker.must(['run', '--rm', '--name', 'brief', '-v', '/data', 'busybox', 'touch', '/data/x']);
  assert.equal(docker.must(['ps', '-aq', '--filter', 'name=brief']), '');
  assert.equal(docker.must(['volume', 'ls', '-q']), volumes);
});

test('run -it: a terminal of the right size, and the exit code', { skip }, async () => {
  const { code, shown } = await docker.terminal(
    'stty rows 33 cols 101; docker run --rm -it busybox sh -c "tty; sleep 0.5; stty size; exit 7"',
  );
  assert.equal(shown, '/dev/pts/0\r\n33 101\r\n');
  assert.equal(code, 7);
});

test('run -it: a shell that is typed into', { skip }, async () => {
  const { code, shown } = await docker.terminal('docker run --rm -it busybox sh', [
    { prompt: /# /, answer: 'echo typed $((40 + 2))\r' },
    // The quotes: what is typed is echoed and must not be taken for the answer.
    { prompt: /typed 42\r\n.*# /s, answer: 'echo re""ady; sleep 100\r' },
    { prompt: /ready\r\n/, answer: '\x03' },
    { prompt: /# /, answer: 'exit 9\r' },
  ]);
  assert.match(shown, /\^C/);
  assert.equal(code, 9);
});

test('ctrl-p ctrl-q leaves a container running; attach comes back to it', { skip }, async () => {
  const left = await docker.terminal('docker run --name kept -it busybox sh', [{ prompt: /# /, answer: '\x10\x11' }]);
  assert.equal(left.code, 0, left.shown);
  assert.equal(docker.inspect<{ State: { Running: boolean } }>('kept').State.Running, true);
  const back = await docker.terminal('docker attach kept; echo ended $?', [
    { prompt: /# |^/, answer: '\recho again\rexit 6\r' },
  ]);
  assert.match(back.shown, /again\r\n.*ended 6/s);
  docker.must(['rm', '-f', 'kept']);
});

test('stdin through a pipe: 20 MB byte for byte; an empty one ends', { skip }, () => {
  const input = Buffer.alloc(20_000_000, 'abcdefghijklmnop');
  const sum = createHash('md5').update(input).digest('hex');
  assert.equal(docker.must(['run', '--rm', '-i', 'busybox', 'md5sum'], { input }), `${sum}  -\n`);
  assert.equal(docker.must(['run', '--rm', '-i', 'busybox', 'wc', '-c']), '0\n');
});

test('200 MB through a pipe are byte-exact; stderr is apart', { skip }, () => {
  const ran = docker.shell(
    `docker run --rm --log-driver none busybox sh -c 'yes 0123456789abcde | head -c 200000000; echo late >&2' | md5sum`,
  );
  assert.equal(ran.stdout, `${md5OfYes('0123456789abcde', 200_000_000)}  -\n`);
  assert.equal(ran.stderr, 'late\n');
});

test('exec: exit codes, environment, directory, user, stdin, terminal', { skip }, async () => {
  docker.must(['run', '-d', '--name', 'host', 'busybox', 'sleep', '1000']);
  for (const code of [0, 3, 200]) assert.equal(docker.run(['exec', 'host', 'sh', '-c', `exit ${code}`]).code, code);
  assert.equal(docker.run(['exec', 'host', 'no-such-command']).code, 127);
  assert.equal(
    docker.must(['exec', '-e', 'A=b', '-w', '/tmp', '-u', '5:6', 'host', 'sh', '-c', 'echo $A $PWD $(id -u):$(id -g)']),
    'b /tmp 5:6\n',
  );
  assert.equal(docker.must(['exec', '-i', 'host', 'cat'], { input: 'through\n' }), 'through\n');
  const { code, shown } = await docker.terminal('docker exec -it host sh', [
    { prompt: /# /, answer: 'tty; exit 11\r' },
  ]);
  assert.match(shown, /\/dev\/pts\/\d/);
  assert.equal(code, 11);
  assert.match(docker.must(['top', 'host']), /sleep 1000/);
  docker.must(['rm', '-f', 'host']);
  assert.match(docker.run(['exec', 'host', 'true']).stderr, /No such container: host/);
});

test('logs -f ends with its container and is complete; --tail and --timestamps', { skip }, () => {
  const script =
    'i=0; while [ $i -lt 40 ]; do echo out $i; echo err $i >&2; i=$((i+1)); sleep 0.03; done; printf "no newline"';
  docker.must(['run', '-d', '--name', 'printer', 'busybox', 'sh', '-c', script]);
  const followed = docker.run(['logs', '-f', 'printer']);
  const expected = (word: string): string => Array.from({ length: 40 }, (_, i) => `${word} ${i}\n`).join('');
  assert.equal(followed.code, 0);
  assert.equal(followed.stdout, `${expected('out')}no newline`);
  assert.equal(followed.stderr, expected('err'));
  assert.equal(docker.must(['logs', '--tail', '1', 'printer']), 'no newline');
  assert.match(docker.must(['logs', '-t', '--tail', '1', 'printer']), /^\d{4}-\d\d-\d\dT\S+Z no newline$/);
  docker.must(['rm', 'printer']);
});

test('cp: files, folders, /. and tar streams, both ways', { skip }, () => {
  docker.must([
    'create',
    '--name',
    'box',
    'busybox',
    'sh',
    '-c',
    'cd /in && find . -type f | sort && cat tree/sub/deep.txt',
  ]);
  const from = join(docker.folder, 'tree');
  mkdirSync(join(from, 'sub'), { recursive: true });
  writeFileSync(join(from, 'top.txt'), 'top\n');
  writeFileSync(join(from, 'sub/deep.txt'), 'deep\n', { mode: 0o600 });
  docker.must(['cp', from, 'box:/in']); // no such folder: becomes it
  docker.must(['cp', from, 'box:/in']); // there is one: goes into it
  docker.must(['cp', join(from, 'top.txt'), 'box:/in/renamed.txt']);
  docker.must(['cp', `${from}/.`, 'box:/in/tree/sub']);
  assert.equal(
    docker.must(['start', '-a', 'box']),
    './renamed.txt\n./sub/deep.txt\n./top.txt\n./tree/sub/deep.txt\n./tree/sub/sub/deep.txt\n./tree/sub/top.txt\n./tree/top.txt\ndeep\n',
  );
  const to = join(docker.folder, 'back');
  mkdirSync(to);
  docker.must(['cp', 'box:/in/tree/sub/deep.txt', `${to}/one.txt`]);
  docker.must(['cp', 'box:/in/sub', to]);
  docker.must(['cp', 'box:/in/tree/.', `${to}/contents`]);
  assert.equal(readFileSync(join(to, 'one.txt'), 'utf8'), 'deep\n');
  assert.deepEqual(readdirSync(to, { recursive: true }).sort(), [
    'contents',
    'contents/sub',
    'contents/sub/deep.txt',
    'contents/sub/sub',
    'contents/sub/sub/deep.txt',
    'contents/sub/top.txt',
    'contents/top.txt',
    'one.txt',
    'sub',
    'sub/deep.txt',
  ]);
  const piped = docker.shell(
    'docker cp box:/in/sub - | docker cp - box:/tmp && docker cp box:/tmp/sub/deep.txt - | tar -xO',
  );
  assert.equal(piped.stdout, 'deep\n', piped.stderr);
  const missing = docker.run(['cp', 'box:/nowhere', to]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /Could not find the file \/nowhere in container box/);
  docker.must(['rm', 'box']);
});

test('save and load give the same image again', { skip }, () => {
  const input = 'FROM busybox\nRUN echo kept > /kept\nCMD ["cat", "/kept"]\n';
  const id = docker.must(['build', '-q', '-t', 'lab-saved:v1', '-'], { input }).trim();
  const archive = join(docker.folder, 'saved.tar');
  assert.equal(docker.shell(`docker save lab-saved:v1 > ${archive}`).code, 0);
  docker.must(['rmi', 'lab-saved:v1']);
  assert.equal(docker.run(['inspect', 'lab-saved:v1']).code, 1);
  assert.equal(docker.shell(`docker load < ${archive}`).stdout, 'Loaded image: lab-saved:v1\n');
  assert.equal(docker.inspect<{ Id: string }>('lab-saved:v1').Id, id);
  assert.equal(docker.must(['run', '--rm', 'lab-saved:v1']), 'kept\n');
  assert.equal(docker.shell('docker save lab-saved:v1 | docker load').stdout, 'Loaded image: lab-saved:v1\n');
  docker.must(['rmi', 'lab-saved:v1']);
});

test('events of a run come live and in order, and again with --since --until', { skip }, async () => {
  const since = (Date.now() / 1000).toFixed(3);
  const format = ['--filter', 'type=container', '--filter', 'container=watched', '--format', '{{.Action}}'];
  const watcher = docker.spawn('docker', ['events', '--since', since, ...format]);
  let live = '';
  watcher.stdout?.on('data', (chunk) => {
    live += String(chunk);
  });
  docker.must(['run', '--rm', '--name', 'watched', 'busybox', 'true']);
  for (let i = 0; i < 100 && !live.includes('destroy'); i++) await sleep(50);
  watcher.kill();
  const expected = 'create\nattach\nstart\ndie\ndestroy\n';
  assert.equal(live, expected);
  const until = ((Date.now() + 10) / 1000).toFixed(3);
  assert.equal(docker.must(['events', '--since', since, '--until', until, ...format]), expected);
});

test('volumes, restart, rename, pause', { skip }, () => {
  docker.must(['volume', 'create', 'shared']);
  docker.must([
    'run',
    '-d',
    '--name',
    'peer',
    '-v',
    'shared:/s',
    'busybox',
    'sh',
    '-c',
    'echo kept > /s/f; sleep 1000',
  ]);
  assert.equal(docker.must(['run', '--rm', '-v', 'shared:/s:ro', 'busybox', 'cat', '/s/f']), 'kept\n');
  docker.must(['restart', '-t', '0', 'peer']);
  docker.must(['rename', 'peer', 'other']);
  docker.must(['pause', 'other']);
  assert.match(docker.must(['ps', '--format', '{{.Status}}']), /\(Paused\)/);
  docker.must(['unpause', 'other']);
  docker.must(['rm', '-f', 'other']);
  docker.must(['volume', 'rm', 'shared']);
});
