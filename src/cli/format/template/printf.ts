import { formatValue } from './value.ts';

const VERB = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+))?([a-zA-Z%])/g;

/** Go's fmt.Sprintf for the verbs templates use: %v %s %d %q %t %f %x %X %o %b %c %e %g %%. */
export function formatPrintf(format: string, args: unknown[]): string {
  let next = 0;
  const out = format.replace(
    VERB,
    (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const size = width === '*' ? Number(args[next++]) : Number(width ?? 0);
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const text = formatVerb(verb, args[next++], precision === undefined ? undefined : Number(precision), flags);
      if (flags.includes('-')) return text.padEnd(size);
      return flags.includes('0') && /^[+-]?[\d.]+$/.test(text) ? text.padStart(size, '0') : text.padStart(size);
    },
  );
  const extra = args.slice(next).map((one) => `${typeof one === 'string' ? 'string' : typeof one}=${formatValue(one)}`);
  return extra.length > 0 ? `${out}%!(EXTRA ${extra.join(', ')})` : out;
}

function formatVerb(verb: string, value: unknown, precision: number | undefined, flags: string): string {
  const sign = flags.includes('+') && Number(value) >= 0 ? '+' : '';
  switch (verb) {
    case 's':
    case 'v':
    case 't':
      return precision === undefined ? formatValue(value) : formatValue(value).slice(0, precision);
    case 'd':
      return (
        sign + (typeof value === 'number' ? String(Math.trunc(value)) : `%!d(${typeof value}=${formatValue(value)})`)
      );
    case 'q':
      return JSON.stringify(formatValue(value));
    case 'f':
    case 'F':
      return sign + Number(value).toFixed(precision ?? 6);
    case 'e':
      return Number(value).toExponential(precision ?? 6);
    case 'g':
      return String(Number(value));
    case 'x':
    case 'X': {
      const hex = typeof value === 'number' ? value.toString(16) : Buffer.from(formatValue(value)).toString('hex');
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 'o':
      return Number(value).toString(8);
    case 'b':
      return Number(value).toString(2);
    case 'c':
      return String.fromCodePoint(Number(value));
    default:
      return `%!${verb}(${formatValue(value)})`;
  }
}
