export { HostError } from './libc.ts';
