export type { ApiServer } from './create-server.ts';
export { createApiServer } from './create-server.ts';
export { isLoopback } from './guard.ts';
export { HTTP_STATUS } from './http-status.ts';
export type { Guard, Rooms, ServerNeeds } from './needs.ts';
