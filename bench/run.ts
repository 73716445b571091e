// Times the same unmodified docker client against Berth and against another engine, in turn (A B A B …), and prints the
// ratio A/B: below 1, Berth is ahead. Single times of a shared machine mean little; ratios of one run do.
//
//   node bench/run.ts --b unix:///run/peer/docker.sock [--a unix:///run/berth/berth.sock] [--only run,exec] [--docker docker]
//
// Without --b only Berth is timed. Exits 1 when a required ratio is missed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchContext, type Case, cases } from './cases.ts';
import { idleMemory } from './memory.ts';

const { values: options } = parseArgs({
  options: {
    a: { type: 'string', default: 'unix:///run/berth/berth.sock' },
    b: { type: 'string' },
    only: { type: 'string' },
    docker: { type: 'string', default: 'docker' },
    base: { type: 'string', default: '/tmp/bb.tar' },
  },
});

const sides = [
  { name: 'A', host: options.a },
  ...(options.b === undefined ? [] : [{ name: 'B', host: options.b }]),
] as const;
type Side = (typeof sides)[number];

const folder = mkdtempSync(join(tmpdir(), 'berth-bench-'));

/** Runs a shell line against a side; its time in milliseconds. @throws when it fails and must not */
function time(side: Side, line: string, mayFail = false): number {
  const startedAt = process.hrtime.bigint();
  const result = spawnSync('/bin/sh', ['-c', line], {
    env: {
      ...process.env,
      DOCKER_HOST: side.host,
      DOCKER_CLI_HINTS: 'false',
      DOCKER: options.docker,
      W: folder,
      PORT: side.name === 'A' ? '18180' : '18181',
    },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const ms = Number(process.hrtime.bigint() - startedAt) / 1e6;
  if (result.status !== 0 && !mayFail)
    throw new Error(`${side.name}: ${line}: exit ${result.status}: ${(result.stderr || result.stdout).slice(-300)}`);
  return ms;
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN) +
      (sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN)) /
    2
  );
};

interface Outcome {
  medians: number[];
  ratio: number | undefined;
}

function measure(one: Case): Outcome {
  const times: number[][] = sides.map(() => []);
  try {
    for (const side of sides) {
      if (one.setup !== undefined) time(side, one.setup, true);
      for (let i = 0; i < (one.warmUps ?? 1); i++) {
        if (one.prepare !== undefined) time(side, one.prepare, true);
        time(side, one.command);
      }
    }
    for (let i = 0; i < one.runs; i++) {
      for (const [which, side] of sides.entries()) {
        if (one.prepare !== undefined) time(side, one.prepare, true);
        times[which]?.push(time(side, one.command));
      }
    }
  } finally {
    if (one.teardown !== undefined) for (const side of sides) time(side, one.teardown, true);
  }
  const ratios = (times[0] ?? []).flatMap((a, i) => (times[1]?.[i] === undefined ? [] : [a / times[1][i]]));
  return { medians: times.map(median), ratio: ratios.length === 0 ? undefined : median(ratios) };
}

let missed = 0;
try {
  benchContext((path, content) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  });
  for (const side of sides) {
    const have = `$DOCKER image inspect busybox:latest >/dev/null 2>&1`;
    time(
      side,
      existsSync(options.base)
        ? `${have} || $DOCKER import -c 'CMD ["sh"]' -c 'ENV PATH=/bin' ${options.base} busybox:latest`
        : have,
    );
  }
  const wanted = options.only?.split(',');
  for (const one of cases.filter(({ name }) => wanted === undefined || wanted.some((part) => name.startsWith(part)))) {
    let line = one.name.padEnd(26);
    try {
      const { medians, ratio } = measure(one);
      line += sides.map((side, i) => `${side.name} ${(medians[i] ?? Number.NaN).toFixed(1).padStart(9)} ms`).join('  ');
      if (ratio !== undefined) line += `  A/B ${ratio.toFixed(2)}`;
      if (one.atMost !== undefined) {
        const isMet = ratio === undefined || ratio <= one.atMost;
        if (!isMet) missed++;
        line += `  (required ≤ ${one.atMost.toFixed(2)}${isMet ? '' : ': MISSED'})`;
      }
    } catch (error) {
      missed++;
      line += `FAILED ${error instanceof Error ? error.message : String(error)}`;
    }
    console.log(line);
  }
  if (wanted === undefined || wanted.includes('memory')) {
    const pidFile = '/run/berth/berth.pid';
    if (existsSync(pidFile)) for (const text of idleMemory(Number(readFileSync(pidFile, 'utf8')))) console.log(text);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(missed > 0 ? 1 : 0);
