/** A change of permission bits: one mode for everything, or (symbolic, chmod(1)) clauses applied to each mode. */
export type ModeChange = { kind: 'octal'; mode: number } | { kind: 'symbolic'; clauses: Clause[] };

interface Clause {
  who: number;
  operator: '+' | '-' | '=';
  bits: number;
  /** X: execute for folders and for what has an execute bit. */
  conditionalExecute: boolean;
}

const WHO: Record<string, number> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const BITS: Record<string, number> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };

/** `0755` or `u=rwX,go=rX`; undefined when it is neither. */
export function parseModeChange(text: string): ModeChange | undefined {
  if (/^[0-7]{1,4}$/.test(text)) return { kind: 'octal', mode: Number.parseInt(text, 8) };
  const clauses = text.split(',').map(parseClause);
  return clauses.every((clause) => clause !== undefined) ? { kind: 'symbolic', clauses } : undefined;
}

function parseClause(clause: string): Clause | undefined {
  const match = /^([ugoa]*)([+=-])([rwxXst]*)$/.exec(clause);
  if (match === null) return undefined;
  const [, who = '', operator = '', permissions = ''] = match;
  const mask = who === '' ? 0o7777 : [...who].reduce((sum, letter) => sum | (WHO[letter] ?? 0), 0);
  const bits = [...permissions].reduce((sum, letter) => sum | (BITS[letter] ?? 0), 0);
  return {
    who: mask,
    operator: operator === '+' ? '+' : operator === '-' ? '-' : '=',
    bits: bits & mask,
    conditionalExecute: permissions.includes('X'),
  };
}

/** The permission bits after the change. */
export function applyModeChange(change: ModeChange, mode: number, isFolder: boolean): number {
  if (change.kind === 'octal') return change.mode;
  return change.clauses.reduce((before, clause) => {
    const execute = clause.conditionalExecute && (isFolder || (before & 0o111) !== 0) ? 0o111 & clause.who : 0;
    const bits = clause.bits | execute;
    if (clause.operator === '+') return before | bits;
    if (clause.operator === '-') return before & ~bits;
    return (before & ~(clause.who & 0o777)) | bits;
  }, mode & 0o7777);
}
