export interface Volume {
  Name?: string | undefined;
  Driver?: string | undefined;
  Mountpoint?: string | undefined;
  CreatedAt?: string | undefined;
  Status?: Record<string, Record<string, unknown> | null> | null | undefined;
  Labels?: Record<string, string> | null | undefined;
  Scope?: 'local' | 'global' | undefined;
  ClusterVolume?: unknown | undefined;
  Options?: Record<string, string> | null | undefined;
  UsageData?: { Size?: number; RefCount?: number } | null | undefined;
}

export interface VolumeCreateOptions {
  Name?: string | undefined;
  Driver?: string | undefined;
  DriverOpts?: Record<string, string> | null | undefined;
  Labels?: Record<string, string> | null | undefined;
  ClusterVolumeSpec?: unknown | undefined;
}

export interface VolumeListResponse {
  Volumes?: Volume[] | null | undefined;
  Warnings?: string[] | null | undefined;
}
