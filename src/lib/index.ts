export { type Glob, hasGlobMeta, matchGlob, PatternError, parseGlob } from './glob.ts';
export * from './keyed-mutex.ts';
export { type LinearRegex, parseLinearRegex } from './linear-regex.ts';
export * from './long-timer.ts';
export * from './mode-change.ts';
export * from './patterns.ts';
export * from './rollback.ts';
export * from './single-flight.ts';
export * from './tar.ts';
