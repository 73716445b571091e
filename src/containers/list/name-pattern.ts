import { parseLinearRegex } from '../../lib/index.ts';

/** Exactly this, or matched anywhere by it as a regular expression; one that is none matches nothing else. */
export function compileName(pattern: string): (name: string) => boolean {
  const regex = parseLinearRegex(pattern);
  return (name) => name === pattern || regex?.finds(name) === true;
}
