import { createHash } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { systemError, unavailable } from '../../errors/index.ts';

let hasSystemCa = false;

/** The host trusts what its administrator trusts, a proxy's authority too; Node by itself only what it brought along. */
function trustSystem(): void {
  if (hasSystemCa) return;
  hasSystemCa = true;
  setDefaultCACertificates([...new Set([...getCACertificates('default'), ...getCACertificates('system')])]);
}

/** The whole body of a URL; tried three times. @throws unavailable `download-failed` */
export async function download(url: string, signal?: AbortSignal): Promise<Buffer> {
  trustSystem();
  let reason = '';
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const answer = await fetch(url, signal === undefined ? {} : { signal });
      if (answer.ok) return Buffer.from(await answer.arrayBuffer());
      reason = `${answer.status} ${answer.statusText}`;
      if (answer.status < 500) break;
    } catch (error) {
      if (signal?.aborted) throw error;
      reason =
        error instanceof Error ? String((error.cause as Error | undefined)?.message ?? error.message) : String(error);
    }
  }
  throw unavailable('download-failed', `cannot download ${url}: ${reason}`);
}

/** Refuses bytes whose digest is another. `expected` is hex (sha256) or `sha512-<base64>`. */
export function verify(bytes: Uint8Array, expected: string, what: string): void {
  const [algorithm, encoding, value] = expected.startsWith('sha512-')
    ? (['sha512', 'base64', expected.slice(7)] as const)
    : (['sha256', 'hex', expected] as const);
  if (createHash(algorithm).update(bytes).digest(encoding) !== value)
    throw systemError('download-altered', `${what} is not what its index promises (${algorithm} differs)`);
}
