import type { Volume } from '../api/index.ts';

/** What the metadata keeps of a volume, under its name. */
export interface VolumeRecord {
  createdAt: string;
  labels: Record<string, string> | null;
  options: Record<string, string> | null;
}

export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';
export const DRIVER = 'local';

export function toVolume(name: string, mountpoint: string, record: VolumeRecord): Volume {
  return {
    CreatedAt: record.createdAt,
    Driver: DRIVER,
    Labels: record.labels,
    Mountpoint: mountpoint,
    Name: name,
    Options: record.options,
    Scope: 'local',
  };
}

export function isAnonymous(record: VolumeRecord): boolean {
  return record.labels !== null && Object.hasOwn(record.labels, ANONYMOUS_LABEL);
}
