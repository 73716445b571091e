import { RE2JS, RE2JSException } from 're2js';

/** A pattern that a user gave, in Go's syntax (RE2), matched in time linear in the text whatever it is. */
export interface LinearRegex {
  /** Is there a match anywhere in `text`? */
  finds(text: string): boolean;
}

/** Undefined for what is no pattern. */
export function parseLinearRegex(pattern: string): LinearRegex | undefined {
  if (pattern.length > 1000) return undefined;
  try {
    const compiled = RE2JS.compile(pattern);
    return { finds: (text) => compiled.matcher(text).find() };
  } catch (error) {
    if (error instanceof RE2JSException) return undefined;
    throw error;
  }
}
