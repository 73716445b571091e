// Who may import whom (docs/architecture.md §2). A room imports only lower ranks of its own wing or of `shared`,
// and only through the other room's index.ts. Equal rank means strangers.
const ranks = {
  shared: { errors: 0, lib: 0, oci: 1, api: 2 },
  engine: {
    host: 3, events: 3, store: 4, registry: 5, runtime: 5, networks: 5, volumes: 5, logs: 5,
    images: 6, containers: 7, build: 7, system: 8, server: 9, daemon: 10,
  },
  client: { client: 3, compose: 4, cli: 5 },
};

// Third-party packages and dangerous built-ins have one door each.
const doors = {
  '^koffi$|node_modules/koffi': '^src/host/',
  '^(node:)?sqlite$': '^src/store/metadata/',
};

const rooms = Object.entries(ranks).flatMap(([wing, of]) => Object.entries(of).map(([room, rank]) => ({ wing, room, rank })));
const mayImport = (from, to) => to.rank < from.rank && (to.wing === 'shared' || to.wing === from.wing);
const tests = '\\.(test|suite)\\.ts$';

const rankRules = rooms.map((from) => {
  const allowed = rooms.filter((to) => mayImport(from, to)).map((to) => to.room);
  return {
    name: `rank-of-${from.room}`,
    comment: `${from.room} (${from.wing}, ${from.rank}) may import ${allowed.join(', ') || 'nothing'}`,
    severity: 'error',
    from: { path: `^src/${from.room}/`, pathNot: tests },
    to: { path: '^src/', pathNot: `^src/(${[from.room, ...allowed].join('|')})/` },
  };
});

const doorRules = rooms.map(({ room }) => ({
  name: `door-of-${room}`,
  comment: `other rooms import src/${room}/index.ts and nothing behind it`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${room}/|${tests}` },
  to: { path: `^src/${room}/`, pathNot: `^src/${room}/index\\.ts$` },
}));

const packageRules = Object.entries(doors).map(([what, where]) => ({
  name: `one-door-for-${what.replace(/[^a-z]/g, '')}`,
  severity: 'error',
  from: { pathNot: where },
  to: { path: what },
}));

module.exports = {
  forbidden: [
    ...rankRules,
    ...doorRules,
    ...packageRules,
    { name: 'no-cycles', severity: 'error', from: { pathNot: tests }, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'no-dev-dependency', severity: 'error', from: { path: '^src/', pathNot: tests }, to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.cjs', '.mjs'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
