import { gunzipSync } from 'node:zlib';
import { readTar } from '../../lib/index.ts';
import { download, verify } from './download.ts';

export interface PackagedFile {
  /** Without npm's leading `package/`. */
  path: string;
  mode: number;
  content: Buffer;
}

/** The files of a published package, checked against the integrity its registry names. */
export async function fetchNpmPackage(registry: string, name: string, version: string): Promise<PackagedFile[]> {
  const base = registry.replace(/\/?$/, '/');
  const { dist } = JSON.parse((await download(`${base}${name}/${version}`)).toString()) as {
    dist: { tarball: string; integrity: string };
  };
  const bytes = await download(dist.tarball);
  verify(bytes, dist.integrity, `${name}@${version}`);
  const files: PackagedFile[] = [];
  const source = async function* (): AsyncGenerator<Buffer> {
    yield gunzipSync(bytes);
  };
  for await (const { entry, body } of readTar(source())) {
    if (entry.type !== 'file') continue;
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    files.push({
      path: entry.name.toString().replace(/^[^/]+\//, ''),
      mode: entry.mode | 0o644,
      content: Buffer.concat(chunks),
    });
  }
  return files;
}
