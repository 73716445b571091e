export { API_VERSION, type Client, createClient } from './client.ts';
export { demultiplex } from './demultiplex.ts';
export {
  type Host,
  hostFromEnvironment,
  OWN_SOCKET,
  parseHost,
  readTlsFolder,
  type TlsFiles,
} from './transport/host.ts';
export { type ApiRequest, type Query, queryString } from './transport/request.ts';
