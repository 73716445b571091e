export * from './engine-error.ts';
