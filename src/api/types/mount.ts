export type MountType = 'bind' | 'cluster' | 'image' | 'npipe' | 'tmpfs' | 'volume';

export interface Mount {
  Target?: string | undefined;
  Source?: string | undefined;
  Type?: MountType | undefined;
  ReadOnly?: boolean | undefined;
  Consistency?: string | undefined;
  BindOptions?:
    | {
        Propagation?: 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';
        NonRecursive?: boolean;
        CreateMountpoint?: boolean;
        ReadOnlyNonRecursive?: boolean;
        ReadOnlyForceRecursive?: boolean;
      }
    | null
    | undefined;
  VolumeOptions?:
    | {
        NoCopy?: boolean;
        Labels?: Record<string, string> | null;
        DriverConfig?: { Name?: string; Options?: Record<string, string> | null } | null;
        Subpath?: string;
      }
    | null
    | undefined;
  ImageOptions?: { Subpath?: string } | null | undefined;
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] | null } | null | undefined;
}

export interface MountPoint {
  Type?: MountType | undefined;
  Name?: string | undefined;
  Source?: string | undefined;
  Destination?: string | undefined;
  Driver?: string | undefined;
  Mode?: string | undefined;
  RW?: boolean | undefined;
  Propagation?: string | undefined;
}
