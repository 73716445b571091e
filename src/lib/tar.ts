/** Reading and writing tar, as bytes and entries; nothing in here touches a file system. */
export { formatHeader, TAR_END, tarEntry } from './tar/format.ts';
export { BLOCK, type SparsePart, type TarEntry, TarError, type TarType } from './tar/header.ts';
export { padOf, TAR_LIMITS, type TarHandler, type TarLimits, TarParser } from './tar/parser.ts';
export { readTar, type TarMember } from './tar/read-tar.ts';
