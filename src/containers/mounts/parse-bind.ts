import { invalidParameter } from '../../errors/index.ts';

export interface BindMode {
  writable: boolean;
  propagation: string;
  copyUp: boolean;
}

const CATEGORIES: readonly (readonly string[])[] = [
  ['rw', 'ro'],
  ['z', 'Z'],
  ['nocopy'],
  ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'],
  ['consistent', 'cached', 'delegated'],
];
const PROPAGATIONS = CATEGORIES[3] ?? [];

/** The third part of `-v`. @throws invalid-parameter `invalid-mount-mode` with Docker's text */
export function parseMode(mode: string, isVolume: boolean): BindMode {
  const seen = new Set<readonly string[]>();
  let propagation = '';
  const options = mode === '' ? [] : mode.split(',');
  for (const option of options) {
    const category = CATEGORIES.find((names) => names.includes(option));
    const isMisplaced = isVolume ? PROPAGATIONS.includes(option) : option === 'nocopy';
    if (category === undefined || seen.has(category) || isMisplaced) {
      throw invalidParameter('invalid-mount-mode', `invalid mode: ${mode}`);
    }
    seen.add(category);
    if (PROPAGATIONS.includes(option)) propagation = option;
  }
  return { writable: !options.includes('ro'), propagation, copyUp: !options.includes('nocopy') };
}

/** `src:dst[:mode]` or `dst`. @throws invalid-parameter `invalid-volume-spec` with Docker's text */
export function splitBind(spec: string): { source: string; destination: string; mode: string } {
  const parts = spec.split(':');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length > 3 || parts.includes('')) {
    throw invalidParameter('invalid-volume-spec', `invalid volume specification: '${spec}'`);
  }
  if (parts.length === 1) return { source: '', destination: first, mode: '' };
  return { source: first, destination: second, mode: third };
}
