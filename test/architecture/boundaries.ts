// Checks who imports whom (docs/architecture.md §2): `node test/architecture/boundaries.ts`. A room imports only lower ranks
// of its own wing or of `shared`, and only through the other room's index.ts; equal rank means strangers. Third-party
// packages and dangerous built-ins have one door each. Tests may look anywhere.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const RANKS: Record<string, Record<string, number>> = {
  shared: { errors: 0, lib: 0, oci: 1, api: 2 },
  engine: {
    host: 3,
    events: 3,
    store: 4,
    registry: 5,
    runtime: 5,
    networks: 5,
    volumes: 5,
    logs: 5,
    images: 6,
    containers: 7,
    build: 7,
    system: 8,
    server: 9,
    daemon: 10,
  },
  client: { client: 3, compose: 4, cli: 5 },
};

/** What may be imported only below one folder. Packages that are not listed may not be imported at all. */
const DOORS: Record<string, string> = {
  koffi: 'src/host/',
  re2js: 'src/lib/linear-regex.ts',
  'node:sqlite': 'src/store/metadata/',
};

interface Room {
  wing: string;
  name: string;
  rank: number;
}

interface Import {
  file: string;
  line: number;
  target: string;
  isTypeOnly: boolean;
}

const rooms = new Map<string, Room>(
  Object.entries(RANKS).flatMap(([wing, of]) =>
    Object.entries(of).map(([name, rank]) => [name, { wing, name, rank }] as const),
  ),
);

const IMPORT =
  /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)|new URL\(\s*'(\.[^']+\.ts)'/gm;

export function importsOf(file: string, source: string): Import[] {
  return [...source.matchAll(IMPORT)].map((match) => ({
    file,
    line: source.slice(0, match.index).split('\n').length,
    target: match[2] ?? match[3] ?? match[4] ?? '',
    isTypeOnly: match[1] !== undefined,
  }));
}

const roomOf = (file: string): Room | undefined => rooms.get(file.split('/')[1] ?? '');

/** What is wrong with one import, or undefined. */
export function judge({ file, target }: Import): string | undefined {
  if (!target.startsWith('.')) {
    const door = DOORS[target];
    if (door !== undefined) return file.startsWith(door) ? undefined : `${target} is imported below ${door} only`;
    return target.startsWith('node:')
      ? undefined
      : `the package ${target} has no door: name one in test/architecture/boundaries.ts`;
  }
  const path = normalize(join(dirname(file), target));
  if (!existsSync(path)) return `${target} does not exist`;
  const [from, to] = [roomOf(file), roomOf(path)];
  if (from === undefined || to === undefined) return `${path} lies in no room`;
  if (from === to) return undefined;
  if (to.wing !== 'shared' && to.wing !== from.wing)
    return `${from.name} (${from.wing}) may not import ${to.name} (${to.wing})`;
  if (to.rank >= from.rank) return `${from.name} (rank ${from.rank}) may not import ${to.name} (rank ${to.rank})`;
  return path === `src/${to.name}/index.ts` ? undefined : `${to.name} is entered through its index.ts, not ${path}`;
}

/** Cycles of imports that exist at run time, each as the files on it. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') return void cycles.push([...path.slice(path.indexOf(file)), file]);
    state.set(file, 'open');
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}

export function checkTree(): { files: number; imports: number; complaints: string[] } {
  const files = globSync('src/**/*.ts').filter(
    (file) => !/\.(test|suite|support|fixture)\.ts$|\/(testdata|testing)\//.test(file),
  );
  const imports = files.flatMap((file) => importsOf(file, readFileSync(file, 'utf8')));
  const complaints = imports.flatMap((one) => {
    const wrong = judge(one);
    return wrong === undefined ? [] : [`${one.file}:${one.line}: ${wrong}`];
  });
  const graph = new Map(files.map((file) => [file, [] as string[]]));
  for (const { file, target, isTypeOnly } of imports) {
    if (target.startsWith('.') && !isTypeOnly) graph.get(file)?.push(normalize(join(dirname(file), target)));
  }
  for (const cycle of findCycles(graph)) complaints.push(`cycle: ${cycle.join(' → ')}`);
  return { files: files.length, imports: imports.length, complaints };
}

if (import.meta.main) {
  const { files, imports, complaints } = checkTree();
  for (const complaint of complaints) console.error(complaint);
  console.log(`${complaints.length} boundary violations (${files} files, ${imports} imports)`);
  process.exit(complaints.length > 0 ? 1 : 0);
}
