export * from './at.ts';
export { forgetUdpFlows } from './conntrack.ts';
export {
  bytesWaiting,
  enlargePipe,
  makeFifo,
  makePipe,
  openFifoBoth,
  openFifoReader,
  openFifoWriter,
  openFifoWriterNow,
  setNonBlocking,
} from './fifo.ts';
export { tryLock } from './flock.ts';
export { HostError } from './libc.ts';
export { trimHeap } from './memory.ts';
export * from './mounts.ts';
export type { Link, NetlinkChange, VethSpec } from './netlink.ts';
export { change, interfaceIndex, Netlink } from './netlink.ts';
export { createNetworkNamespace, inNetworkNamespace, isNetworkNamespace, removeNetworkNamespace } from './netns.ts';
export type { Nftables } from './nftables.ts';
export { NftablesError, openNftables } from './nftables.ts';
export { PrivateMounts, shareMount } from './private-mounts.ts';
export type { Spawned, SpawnOpen, SpawnRequest } from './process.ts';
export { spawnProcess } from './process.ts';
export type { ProcessIdentity } from './process-identity.ts';
export { identify, isAlive, signalProcess, takeDescriptor } from './process-identity.ts';
export type { Executable, ExecutableQuery } from './resolve-executable.ts';
export { resolveExecutable } from './resolve-executable.ts';
export * from './rooted-fs.ts';
export { compileSeccomp, type SeccompFilter, UnknownSeccompError } from './seccomp.ts';
export * from './syncfs.ts';
export { listenForConsole, openTerminal, receiveConsole, setTerminalSize } from './terminal.ts';
export * from './xattr.ts';
