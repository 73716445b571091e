export interface ContainerStatsResponse {
  name?: string | null | undefined;
  id?: string | null | undefined;
  read?: string | undefined;
  preread?: string | undefined;
  pids_stats?: ContainerPidsStats | undefined;
  blkio_stats?: ContainerBlkioStats | undefined;
  num_procs?: number | undefined;
  storage_stats?: ContainerStorageStats | undefined;
  cpu_stats?: ContainerCPUStats | undefined;
  precpu_stats?: ContainerCPUStats | undefined;
  memory_stats?: ContainerMemoryStats | undefined;
  networks?: Record<string, ContainerNetworkStats> | null | undefined;
}

export interface ContainerBlkioStats {
  io_service_bytes_recursive?: ContainerBlkioStatEntry[] | null | undefined;
  io_serviced_recursive?: ContainerBlkioStatEntry[] | null | undefined;
  io_queue_recursive?: ContainerBlkioStatEntry[] | null | undefined;
  io_service_time_recursive?: ContainerBlkioStatEntry[] | null | undefined;
  io_wait_time_recursive?: ContainerBlkioStatEntry[] | null | undefined;
  io_merged_recursive?: ContainerBlkioStatEntry[] | null | undefined;
  io_time_recursive?: ContainerBlkioStatEntry[] | null | undefined;
  sectors_recursive?: ContainerBlkioStatEntry[] | null | undefined;
}

export interface ContainerBlkioStatEntry {
  major?: number | undefined;
  minor?: number | undefined;
  op?: string | undefined;
  value?: number | undefined;
}

export interface ContainerCPUStats {
  cpu_usage?: ContainerCPUUsage | undefined;
  system_cpu_usage?: number | null | undefined;
  online_cpus?: number | null | undefined;
  throttling_data?: ContainerThrottlingData | undefined;
}

export interface ContainerCPUUsage {
  total_usage?: number | undefined;
  percpu_usage?: number[] | null | undefined;
  usage_in_kernelmode?: number | undefined;
  usage_in_usermode?: number | undefined;
}

export interface ContainerPidsStats {
  current?: number | null | undefined;
  limit?: number | null | undefined;
}

export interface ContainerThrottlingData {
  periods?: number | undefined;
  throttled_periods?: number | undefined;
  throttled_time?: number | undefined;
}

export interface ContainerMemoryStats {
  usage?: number | null | undefined;
  max_usage?: number | null | undefined;
  stats?: Record<string, number | null> | null | undefined;
  failcnt?: number | null | undefined;
  limit?: number | null | undefined;
  commitbytes?: number | null | undefined;
  commitpeakbytes?: number | null | undefined;
  privateworkingset?: number | null | undefined;
}

export interface ContainerNetworkStats {
  rx_bytes?: number | undefined;
  rx_packets?: number | undefined;
  rx_errors?: number | undefined;
  rx_dropped?: number | undefined;
  tx_bytes?: number | undefined;
  tx_packets?: number | undefined;
  tx_errors?: number | undefined;
  tx_dropped?: number | undefined;
  endpoint_id?: string | null | undefined;
  instance_id?: string | null | undefined;
}

export interface ContainerStorageStats {
  read_count_normalized?: number | null | undefined;
  read_size_bytes?: number | null | undefined;
  write_count_normalized?: number | null | undefined;
  write_size_bytes?: number | null | undefined;
}
