export * from './keyed-mutex.ts';
export * from './long-timer.ts';
export * from './rollback.ts';
export * from './single-flight.ts';
