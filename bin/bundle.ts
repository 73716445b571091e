// Bundles CLI, daemon and their workers into dist/ (CommonJS, so that Node's compile cache and snapshots of start-up
// cost apply). A worker is named in the source as `new URL('./x.worker.ts', import.meta.url)`: here each becomes an
// entry of its own, and the expression is rewritten to the bundled file.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');
const WORKER = /new URL\(\s*'(\.[^']+\.ts)',\s*import\.meta\.url,?\s*\)/g;

const entries = new Map<string, string>([
  ['berth-main', join(root, 'src/cli/main.ts')],
  ['daemon-main', join(root, 'src/daemon/main.ts')],
]);

const workerName = (file: string): string =>
  relative(join(root, 'src'), file).replace(/\.ts$/, '').replaceAll('/', '-');

/** Rewrites worker URLs and remembers the files they name. */
const workers = (found: Map<string, string>): Plugin => ({
  name: 'workers',
  setup(bundler) {
    bundler.onLoad({ filter: /\/src\/.*\.ts$/ }, (args) => {
      const source = readFileSync(args.path, 'utf8');
      const contents = source.replace(WORKER, (_, path: string) => {
        const file = join(dirname(args.path), path);
        found.set(workerName(file), file);
        return `require('node:url').pathToFileURL(require('node:path').join(__dirname, '${workerName(file)}.cjs'))`;
      });
      return { contents, loader: 'ts' };
    });
  },
});

rmSync(dist, { recursive: true, force: true });
const done = new Set<string>();
for (let todo = entries; todo.size > 0; ) {
  const found = new Map<string, string>();
  await build({
    entryPoints: Object.fromEntries(todo),
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node26',
    external: ['koffi'],
    sourcemap: 'linked',
    sourcesContent: false,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    define: {
      'import.meta.url': '__berth_url',
      'import.meta.dirname': '__dirname',
      'import.meta.filename': '__filename',
    },
    banner: { js: "const __berth_url = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [workers(found)],
  });
  for (const name of todo.keys()) done.add(name);
  todo = new Map([...found].filter(([name]) => !done.has(name)));
}

// The programs themselves only turn the compile cache on, before the rest is loaded: beside the installation where that can be
// written, else (the CLI of a user who is not root) in the user's own cache.
const entry = (main: string): string => `'use strict';
const fs = require('node:fs');
const path = require('node:path');
let cache = path.join(__dirname, '../.berth/compile-cache');
try {
  fs.mkdirSync(cache, { recursive: true });
  fs.accessSync(cache, fs.constants.W_OK);
} catch {
  cache = path.join(process.env.XDG_CACHE_HOME || path.join(require('node:os').homedir(), '.cache'), 'berth');
}
require('node:module').enableCompileCache(cache);
require('./${main}.cjs');
`;
for (const name of ['berth', 'daemon']) writeFileSync(join(dist, `${name}.cjs`), entry(`${name}-main`));

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name: basename(root), version, type: 'commonjs' })}\n`);
