/** A nil that Go prints by its type (`[]`, `map[]`, `<nil>`) and that is null in JSON. */
export class TypedNil {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): null {
    return null;
  }
}

/** Go's truth: false, 0, "", nil and what is empty are false. */
export function isTruthy(value: unknown): boolean {
  if (
    value === null ||
    value === undefined ||
    value === false ||
    value === 0 ||
    value === '' ||
    value instanceof TypedNil
  )
    return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.keys(value).length > 0;
  return true;
}

/** How Go's fmt prints a value with %v: `map[a:1 b:2]` with sorted keys, `[a b]`, `<no value>` for nothing. */
export function formatValue(value: unknown, isNested = false): string {
  if (value === undefined) return '<no value>';
  if (value === null) return isNested ? '<nil>' : '<no value>';
  if (typeof value === 'number' && Math.abs(value) >= 1e21) return value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
  if (value instanceof TypedNil) return value.text;
  if (Array.isArray(value)) return `[${value.map((one) => formatValue(one, true)).join(' ')}]`;
  if (typeof value === 'object') {
    const object = value as Record<string, unknown>;
    return `map[${Object.keys(object)
      .sort()
      .map((key) => `${key}:${formatValue(object[key], true)}`)
      .join(' ')}]`;
  }
  return String(value);
}
