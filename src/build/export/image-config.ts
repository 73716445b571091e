import type { ImageLayer } from '../../images/index.ts';
import type { HistoryEntry, ImageConfigFile, ImageRunConfig, Platform } from '../../oci/index.ts';
import type { ImageDraft } from '../lower/image-draft.ts';

const HISTORY_COMMENT = 'buildkit.dockerfile.v0';

/** An image as it stands after a step. */
export interface ImageState {
  platform: Platform;
  draft: ImageDraft;
  layers: readonly ImageLayer[];
  history: readonly HistoryEntry[];
  /** RFC 3339. */
  created: string;
}

export function historyEntry(created: string, createdBy: string, isEmptyLayer: boolean): HistoryEntry {
  return {
    created,
    created_by: createdBy,
    comment: HISTORY_COMMENT,
    ...(isEmptyLayer ? { empty_layer: true } : {}),
  };
}

/** The config's bytes: fields in a fixed order, maps sorted, so that equal states give equal digests. */
export function configBytes(state: ImageState): Buffer {
  const { draft, platform } = state;
  const file: ImageConfigFile = {
    ...(state.created === '' ? {} : { created: state.created }),
    ...(draft.author === undefined ? {} : { author: draft.author }),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    config: orderedConfig(draft.config),
    rootfs: { type: 'layers', diff_ids: state.layers.map((layer) => layer.diffId) },
    history: [...state.history],
  };
  return Buffer.from(JSON.stringify(file));
}

function orderedConfig(config: ImageRunConfig): ImageRunConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal } = config;
  const { ArgsEscaped, Healthcheck, OnBuild, Shell } = config;
  return {
    ...(User ? { User } : {}),
    ...(ExposedPorts ? { ExposedPorts: sorted(ExposedPorts) } : {}),
    ...(Env ? { Env } : {}),
    ...(Entrypoint ? { Entrypoint } : {}),
    ...(Cmd ? { Cmd } : {}),
    ...(Volumes ? { Volumes: sorted(Volumes) } : {}),
    ...(WorkingDir ? { WorkingDir } : {}),
    ...(Labels ? { Labels: sorted(Labels) } : {}),
    ...(StopSignal ? { StopSignal } : {}),
    ...(ArgsEscaped ? { ArgsEscaped } : {}),
    ...(Healthcheck ? { Healthcheck } : {}),
    ...(OnBuild && OnBuild.length > 0 ? { OnBuild } : {}),
    ...(Shell ? { Shell } : {}),
  };
}

const sorted = <T>(map: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
