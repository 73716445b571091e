import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemError, unavailable } from '../../errors/index.ts';
import { download, verify } from './download.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The text of a signed InRelease, once gpgv accepts its signature by Debian's archive keys. */
function verifiedRelease(inRelease: Buffer): string {
  if (!existsSync(KEYRING))
    throw unavailable('no-keyring', `${KEYRING} is missing: install the package debian-archive-keyring`);
  const folder = mkdtempSync(join(tmpdir(), 'berth-mirror-'));
  try {
    const file = join(folder, 'InRelease');
    writeFileSync(file, inRelease);
    const { status, stdout, stderr } = spawnSync('/usr/bin/gpgv', ['--keyring', KEYRING, '--output', '-', file], {
      encoding: 'utf8',
      env: {},
    });
    if (status !== 0)
      throw systemError('bad-signature', `the mirror's index is not signed by Debian: ${stderr.trim()}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function unxz(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const xz = spawn('/usr/bin/xz', ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
    const chunks: Buffer[] = [];
    xz.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    xz.once('error', reject);
    xz.once('close', (code) =>
      code === 0 ? resolve(Buffer.concat(chunks)) : reject(systemError('bad-xz', `xz ended with ${code}`)),
    );
    xz.stdin.on('error', () => {});
    xz.stdin.end(bytes);
  });
}

/** The tar of a package's files: a .deb is an ar archive with data.tar.{xz,gz,zst} in it (deb(5)). */
async function dataTar(deb: Buffer): Promise<Buffer> {
  const zlib = process.getBuiltinModule('node:zlib');
  for (let at = 8; at + 60 <= deb.length; ) {
    const name = deb
      .toString('latin1', at, at + 16)
      .trim()
      .replace(/\/$/, '');
    const size = Number(deb.toString('latin1', at + 48, at + 58));
    const body = deb.subarray(at + 60, at + 60 + size);
    if (name === 'data.tar') return body;
    if (name === 'data.tar.xz') return unxz(body);
    if (name === 'data.tar.gz') return zlib.gunzipSync(body);
    if (name === 'data.tar.zst') return zlib.zstdDecompressSync(body);
    at += 60 + size + (size % 2);
  }
  throw systemError('bad-deb', 'the package holds no files');
}

/** Fetches single packages of a Debian suite from a mirror: index signature → index digest → package digest. Gives their data tars. */
export async function fetchDebs(
  mirror: string,
  suite: string,
  architecture: string,
  packages: readonly string[],
): Promise<Buffer[]> {
  const base = mirror.replace(/\/$/, '');
  const release = verifiedRelease(await download(`${base}/dists/${suite}/InRelease`));
  const index = `main/binary-${architecture}/Packages.xz`;
  const digest = new RegExp(`^ ([0-9a-f]{64}) +\\d+ ${index}$`, 'm').exec(release)?.[1];
  if (digest === undefined) throw unavailable('no-index', `the mirror ${mirror} has no packages for ${architecture}`);
  const compressed = await download(`${base}/dists/${suite}/${index}`);
  verify(compressed, digest, index);
  const stanzas = (await unxz(compressed)).toString().split('\n\n');
  return Promise.all(
    packages.map(async (name) => {
      const stanza = stanzas.find((one) => one.startsWith(`Package: ${name}\n`));
      const field = (key: string): string | undefined => new RegExp(`^${key}: (.*)$`, 'm').exec(stanza ?? '')?.[1];
      const [path, sha256] = [field('Filename'), field('SHA256')];
      if (path === undefined || sha256 === undefined)
        throw unavailable('no-package', `the mirror ${mirror} has no package ${name}`);
      const deb = await download(`${base}/${path}`);
      verify(deb, sha256, name);
      return dataTar(deb);
    }),
  );
}
