/** One thing timed on both sides with the same client. `$DOCKER` is the client; `$W` a folder both sides share. */
export interface Case {
  name: string;
  command: string;
  /** Once per side, before. */
  setup?: string;
  /** Before each run, not timed; may fail. */
  prepare?: string;
  teardown?: string;
  runs: number;
  /** Runs that are not counted. */
  warmUps?: number;
  /** The ratio Berth / peer that is required (median). */
  atMost?: number;
}

const manyUp =
  'for i in $(seq 40); do echo $i; done | xargs -P 4 -I{} $DOCKER run -d --label bench=1 busybox sleep 1000';
const manyDown = '$DOCKER ps -aq --filter label=bench=1 | xargs -r $DOCKER rm -f';
const legacy = 'DOCKER_BUILDKIT=0 $DOCKER build -q';

export const cases: readonly Case[] = [
  { name: 'version', command: '$DOCKER version', runs: 15 },
  { name: 'run_bridge', command: '$DOCKER run --rm busybox true', runs: 15, atMost: 0.45 },
  { name: 'run_none', command: '$DOCKER run --rm --network none busybox true', runs: 15, atMost: 0.5 },
  { name: 'run_publish', command: '$DOCKER run --rm -p $PORT:80 busybox true', runs: 11 },
  { name: 'create_rm', command: '$DOCKER rm $($DOCKER create busybox true)', runs: 11 },
  {
    name: 'exec',
    command: '$DOCKER exec bx true',
    setup: '$DOCKER rm -f bx; $DOCKER run -d --name bx busybox sleep 1000',
    teardown: '$DOCKER rm -f bx',
    runs: 15,
    atMost: 0.75,
  },
  { name: 'par_24_runs_c8', command: 'seq 24 | xargs -P 8 -I{} $DOCKER run --rm busybox true', runs: 5, atMost: 0.45 },
  {
    name: 'start_40_detached',
    command: manyUp,
    prepare: manyDown,
    teardown: manyDown,
    runs: 3,
    warmUps: 0,
    atMost: 0.5,
  },
  { name: 'rm_40', command: manyDown, prepare: manyUp, runs: 3, warmUps: 0, atMost: 0.25 },
  {
    name: 'stream_200MB',
    command: "$DOCKER run --rm busybox sh -c 'yes abcdefghijklmnopqrstuvwxyz0123456789 | head -c 200000000' | wc -c",
    runs: 3,
    atMost: 0.5,
  },
  { name: 'stream_1M_lines', command: "$DOCKER run --rm busybox sh -c 'seq 1000000' | tail -1", runs: 3, atMost: 0.6 },
  {
    name: 'logs_1M_lines',
    command: '$DOCKER logs bl | tail -1',
    setup: '$DOCKER rm -f bl; $DOCKER run --name bl busybox seq 1000000',
    teardown: '$DOCKER rm -f bl',
    runs: 5,
  },
  { name: 'build_legacy_nocache_10', command: `${legacy} --no-cache -t bench1 $W/app`, runs: 5, atMost: 0.4 },
  { name: 'build_legacy_cached', command: `${legacy} -t bench1 $W/app`, runs: 9, atMost: 0.9 },
  { name: 'build_legacy_touch_src', command: `date +%N > $W/app/src/f0.txt; ${legacy} -t bench1 $W/app`, runs: 7 },
];

/** The build context of the build cases: a Dockerfile of ten steps and 200 small files. */
export function benchContext(write: (path: string, content: string) => void): void {
  const steps = Array.from({ length: 8 }, (_, i) => `RUN echo step${i} > /f${i}`);
  write(
    'app/Dockerfile',
    [
      'FROM busybox',
      'WORKDIR /app',
      'ENV A=1',
      'COPY requirements.txt .',
      ...steps,
      'COPY . .',
      'EXPOSE 80',
      'CMD ["sh"]',
      '',
    ].join('\n'),
  );
  write('app/requirements.txt', 'x\n');
  for (let i = 0; i < 200; i++) write(`app/src/f${i}.txt`, `file ${i}\n`.repeat(50));
}
