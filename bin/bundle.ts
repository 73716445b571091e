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
  ['berth', join(root, 'src/cli/main.ts')],
  ['daemon', join(root, 'src/daemon/main.ts')],
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

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name: basename(root), version, type: 'commonjs' })}\n`);
