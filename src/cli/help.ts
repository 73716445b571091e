import type { Arity, Command } from './command.ts';
import type { Flag } from './flags/spec.ts';

const WIDTH = 80;

/** Breaks `text` at spaces so that no line is longer than `width`; its own line breaks stay. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const out: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        out.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...out, line];
  });
}

const placeholder = (flag: Flag): string => {
  if (flag.placeholder !== undefined) return ` ${flag.placeholder}`;
  return flag.type === 'bool' ? '' : ` ${flag.type}`;
};

const defaultText = (flag: Flag): string => {
  if (!flag.default) return '';
  return ` (default ${typeof flag.default === 'string' ? JSON.stringify(flag.default) : String(flag.default)})`;
};

/** The options of a command, sorted, as docker lays them out. */
export function formatFlags(command: Command): string {
  const rows = Object.entries(command.flags)
    .filter(([, flag]) => !flag.isHidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => ({
      head: `  ${flag.short === undefined ? '    ' : `-${flag.short}, `}--${name}${placeholder(flag)}`,
      text: flag.description + defaultText(flag),
    }));
  const column = Math.max(0, ...rows.map(({ head }) => head.length)) + 3;
  return rows
    .map(({ head, text }) => {
      const [first = '', ...rest] = wrap(text, Math.max(WIDTH - column, 30));
      return [`${head.padEnd(column)}${first}`, ...rest.map((line) => ' '.repeat(column) + line)].join('\n');
    })
    .join('\n');
}

export function formatHelp(program: string, command: Command, asTyped: string): string {
  const parts = [`Usage:  ${program} ${asTyped} ${command.usage}`.trimEnd(), command.summary];
  if (command.names.length > 1)
    parts.push(`Aliases:\n  ${command.names.map((name) => `${program} ${name}`).join(', ')}`);
  if (command.examples !== undefined)
    parts.push(`Examples:\n${command.examples.map((line) => `  ${line}`).join('\n')}`);
  const flags = formatFlags(command);
  if (flags !== '') parts.push(`Options:\n${flags}`);
  return `${parts.join('\n\n')}\n`;
}

/** What is wrong with this number of arguments, in docker's words; undefined when nothing is. */
export function arityError(what: string, { min, max }: Arity, count: number): string | undefined {
  if (count >= min && count <= max) return undefined;
  const plural = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`;
  if (max === 0) return `'${what}' accepts no arguments`;
  if (min === max) return `'${what}' requires ${plural(min)}`;
  if (count < min) return `'${what}' requires at least ${plural(min)}`;
  return min === 0
    ? `'${what}' requires at most ${plural(max)}`
    : `'${what}' requires at least ${min} and at most ${plural(max)}`;
}
