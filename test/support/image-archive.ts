import { createHash } from 'node:crypto';
import { buildTar } from './hostile-tar.ts';

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** An archive as `docker load` reads it: layers, a config, manifest.json. `spoil` may change what is about to be written. */
export function buildImageArchive(
  tag: string,
  layers: readonly Buffer[],
  spoil: (parts: {
    config: Record<string, unknown>;
    manifest: Record<string, unknown>;
    diffIds: string[];
  }) => void = () => {},
): Buffer {
  const diffIds = layers.map((layer) => `sha256:${sha256(layer)}`);
  const config: Record<string, unknown> = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
  const manifest: Record<string, unknown> = {
    Config: 'config.json',
    RepoTags: [tag],
    Layers: layers.map((_, i) => `${i}/layer.tar`),
  };
  spoil({ config, manifest, diffIds });
  return buildTar([
    ['config.json', { file: JSON.stringify(config) }],
    ...layers.map((layer, i) => [`${i}/layer.tar`, { file: layer }] as const),
    ['manifest.json', { file: JSON.stringify([manifest]) }],
  ]);
}

/** An OCI layout of one image; `spoil` may change names and texts. */
export function buildOciLayout(
  tag: string,
  layer: Buffer,
  spoil: (digest: string) => string = (digest) => digest,
): Buffer {
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  });
  const described = (mediaType: string, bytes: Buffer | string): Record<string, unknown> => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: `sha256:${sha256(bytes)}`,
    size: Buffer.byteLength(bytes),
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: described('config.v1+json', config),
    layers: [{ ...described('layer.v1.tar', layer), digest: spoil(`sha256:${sha256(layer)}`) }],
  });
  const index = JSON.stringify({
    schemaVersion: 2,
    manifests: [{ ...described('manifest.v1+json', manifest), annotations: { 'io.containerd.image.name': tag } }],
  });
  return buildTar([
    ['oci-layout', { file: '{"imageLayoutVersion":"1.0.0"}' }],
    ['index.json', { file: index }],
    ...[config, manifest, layer].map((bytes) => [`blobs/sha256/${sha256(bytes)}`, { file: bytes }] as const),
  ]);
}
