import { invalidParameter } from '../../errors/index.ts';
import busybox from './recipes/busybox.json' with { type: 'json' };
import debianBookwormSlim from './recipes/debian-bookworm-slim.json' with { type: 'json' };
import node18Slim from './recipes/node-18-slim.json' with { type: 'json' };

/** How a base image is made of packages. Data: see recipes/. Exactly one of `debs`, `debootstrap` and `from` says what it starts with. */
export interface Recipe {
  name: string;
  summary: string;
  /** Single packages, unpacked; only the named paths are kept. */
  debs?: { packages: string[]; keep: string[] };
  /** A whole small system. */
  debootstrap?: { suite: string; variant: string };
  /** Another recipe's image. */
  from?: string;
  /** npm packages whose files are put into the build context below `into`; `{arch}` is x64 or arm64. */
  npm?: { package: string; version: string; into: string; keep?: string[] }[];
  /** Files to add (below the root for debs and debootstrap, in the context for `from`). */
  files?: Record<string, string>;
  /** Folders to add, with their modes. */
  folders?: Record<string, string>;
  /** Shell lines that run inside a container at the end. */
  cleanup?: string[];
  /** The build that follows; `rootfs.tar` in its context is what debs gave. */
  dockerfile?: string[];
  /** Instructions for the final image's config. */
  config?: string[];
}

export const recipes: readonly Recipe[] = [busybox, debianBookwormSlim, node18Slim];

/** The recipe of an image's name, `:latest` understood. @throws invalid-parameter `no-such-recipe` */
export function findRecipe(name: string): Recipe {
  const whole = name.includes(':') ? name : `${name}:latest`;
  const found = recipes.find((recipe) => recipe.name === whole);
  if (found !== undefined) return found;
  throw invalidParameter(
    'no-such-recipe',
    `no recipe for ${name}. There are: ${recipes.map((recipe) => recipe.name).join(', ')}`,
  );
}
