const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** Given as build arguments they reach every RUN without an ARG, and stay out of cache keys and history. */
export const PROXY_ARGS: ReadonlySet<string> = new Set([...PROXIES, ...PROXIES.map((name) => name.toLowerCase())]);

const AUTOMATIC = /^(?:BUILD|TARGET)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$|^TARGETSTAGE$/;

/** Build arguments that need no ARG to count as consumed. */
export function isPredefinedArg(name: string): boolean {
  return PROXY_ARGS.has(name) || AUTOMATIC.test(name) || name.startsWith('BUILDKIT_') || name === 'SOURCE_DATE_EPOCH';
}
