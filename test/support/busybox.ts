import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Engine } from './engine.ts';

const cache = resolve(import.meta.dirname, '../../.berth/test');

/** Puts the image `name` (a recipe of `berth image bootstrap`) into an engine: made once per checkout, loaded after that. */
export function provideImage(engine: Engine, name = 'busybox:latest'): void {
  const archive = join(cache, `${name.replaceAll(/[^a-z0-9]/g, '-')}.tar`);
  const must = (args: string[], timeoutMs = 300_000): void => {
    const ran = engine.berth(args, { timeoutMs });
    if (ran.code !== 0)
      throw new Error(`berth ${args.join(' ')}: exit ${ran.code}\n${ran.stderr}\n${engine.log().slice(-2000)}`);
  };
  if (existsSync(archive)) return must(['load', '-q', '-i', archive]);
  must(['image', 'bootstrap', name]);
  mkdirSync(cache, { recursive: true });
  must(['save', '-o', `${archive}.part`, name]);
  renameSync(`${archive}.part`, archive);
}
