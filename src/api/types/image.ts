import type { DriverData, HealthConfig } from './container.ts';

export interface ImageConfig {
  User?: string | undefined;
  ExposedPorts?: Record<string, unknown | null> | null | undefined;
  Env?: string[] | null | undefined;
  Cmd?: string[] | null | undefined;
  Healthcheck?: HealthConfig | null | undefined;
  ArgsEscaped?: boolean | null | undefined;
  Volumes?: Record<string, unknown | null> | null | undefined;
  WorkingDir?: string | undefined;
  Entrypoint?: string[] | null | undefined;
  OnBuild?: string[] | null | undefined;
  Labels?: Record<string, string> | null | undefined;
  StopSignal?: string | null | undefined;
  Shell?: string[] | null | undefined;
}

export interface ImageHistoryResponseItem {
  Id?: string | undefined;
  Created?: number | undefined;
  CreatedBy?: string | undefined;
  Tags?: string[] | null | undefined;
  Size?: number | undefined;
  Comment?: string | undefined;
}

export interface ImageInspect {
  Id?: string | undefined;
  Descriptor?: OCIDescriptor | null | undefined;
  Manifests?: ImageManifestSummary[] | null | undefined;
  RepoTags?: string[] | null | undefined;
  RepoDigests?: string[] | null | undefined;
  Parent?: string | undefined;
  Comment?: string | undefined;
  Created?: string | null | undefined;
  DockerVersion?: string | undefined;
  Author?: string | undefined;
  Config?: ImageConfig | undefined;
  Architecture?: string | undefined;
  Variant?: string | null | undefined;
  Os?: string | undefined;
  OsVersion?: string | null | undefined;
  Size?: number | undefined;
  GraphDriver?: DriverData | undefined;
  RootFS?: { Type?: string; Layers?: string[] | null } | null | undefined;
  Metadata?: { LastTagTime?: string | null } | null | undefined;
}

export interface ImageSummary {
  Id?: string | undefined;
  ParentId?: string | undefined;
  RepoTags?: string[] | null | undefined;
  RepoDigests?: string[] | null | undefined;
  Created?: number | undefined;
  Size?: number | undefined;
  SharedSize?: number | undefined;
  Labels?: Record<string, string> | null | undefined;
  Containers?: number | undefined;
  Manifests?: ImageManifestSummary[] | null | undefined;
  Descriptor?: OCIDescriptor | null | undefined;
}

export interface ImageDeleteResponseItem {
  Untagged?: string | undefined;
  Deleted?: string | undefined;
}

export interface ImageManifestSummary {
  ID?: string | undefined;
  Descriptor?: OCIDescriptor | undefined;
  Available?: boolean | undefined;
  Size?: { Total?: number; Content?: number } | null | undefined;
  Kind?: 'image' | 'attestation' | 'unknown' | undefined;
  ImageData?:
    | { Platform?: OCIPlatform; Containers?: string[] | null; Size?: { Unpacked?: number } | null }
    | null
    | undefined;
  AttestationData?: { For?: string } | null | undefined;
}

export interface OCIDescriptor {
  mediaType?: string | undefined;
  digest?: string | undefined;
  size?: number | undefined;
  urls?: string[] | null | undefined;
  annotations?: Record<string, string> | null | undefined;
  data?: string | null | undefined;
  platform?: OCIPlatform | undefined;
  artifactType?: string | null | undefined;
}

export interface OCIPlatform {
  architecture?: string | undefined;
  os?: string | undefined;
  'os.version'?: string;
  'os.features'?: string[] | null;
  variant?: string | undefined;
}

export interface ImageID {
  ID?: string | undefined;
}

export interface DistributionInspect {
  Descriptor?: OCIDescriptor | undefined;
  Platforms?: OCIPlatform[] | null | undefined;
}

export interface AuthConfig {
  username?: string | undefined;
  password?: string | undefined;
  email?: string | undefined;
  serveraddress?: string | undefined;
}
