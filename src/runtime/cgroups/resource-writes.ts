import type { ResourcesSpec } from '../../oci/index.ts';

/** One value for one control file of one controller. */
export interface ControlWrite {
  controller: string;
  file: string;
  value: string;
  /** A file this host may lack without harm (swap accounting, the scheduler's own weight). */
  isOptional?: boolean;
}

type Write = ControlWrite | undefined;

/** What a change of limits writes, in order (runtime specification, config-linux.md; v1 and v2 files of the kernel). */
export function resourceWrites(version: 1 | 2, resources: ResourcesSpec): ControlWrite[] {
  const writes = version === 2 ? v2Writes(resources) : v1Writes(resources);
  return writes.filter((write) => write !== undefined);
}

function v1Writes({ memory, cpu, pids, blockIO }: ResourcesSpec): Write[] {
  return [
    ...v1MemoryWrites(memory),
    put('cpu', 'cpu.shares', cpu?.shares),
    put('cpu', 'cpu.cfs_period_us', positive(cpu?.period)),
    put('cpu', 'cpu.cfs_quota_us', cpu?.quota),
    put('cpu', 'cpu.rt_period_us', positive(cpu?.realtimePeriod)),
    put('cpu', 'cpu.rt_runtime_us', cpu?.realtimeRuntime),
    put('cpuset', 'cpuset.cpus', text(cpu?.cpus)),
    put('cpuset', 'cpuset.mems', text(cpu?.mems)),
    put('pids', 'pids.max', limit(pids?.limit)),
    put('blkio', 'blkio.weight', positive(blockIO?.weight), true),
    put('blkio', 'blkio.bfq.weight', positive(blockIO?.weight), true),
    ...(['Bps', 'IOPS'] as const).flatMap((unit) =>
      (['Read', 'Write'] as const).flatMap((way) =>
        (blockIO?.[`throttle${way}${unit}Device`] ?? []).map((device) =>
          put(
            'blkio',
            `blkio.throttle.${way.toLowerCase()}_${unit.toLowerCase()}_device`,
            `${device.major}:${device.minor} ${device.rate}`,
          ),
        ),
      ),
    ),
  ];
}

/** The kernel refuses a memory limit above memory+swap, so that one is lifted first and set last. */
function v1MemoryWrites(memory: ResourcesSpec['memory']): Write[] {
  const swap = memory?.swap;
  const isSet = memory?.limit !== undefined;
  return [
    isSet && swap !== undefined ? put('memory', 'memory.memsw.limit_in_bytes', -1, true) : undefined,
    put('memory', 'memory.limit_in_bytes', memory?.limit),
    put('memory', 'memory.memsw.limit_in_bytes', swap === 0 ? undefined : swap, true),
    put('memory', 'memory.soft_limit_in_bytes', memory?.reservation),
    put('memory', 'memory.swappiness', memory?.swappiness),
  ];
}

function v2Writes({ memory, cpu, pids, blockIO, unified }: ResourcesSpec): Write[] {
  const swap = memory?.swap;
  const swapOnly =
    swap === undefined || swap === 0 ? undefined : swap < 0 ? -1 : swap - Math.max(memory?.limit ?? 0, 0);
  const quota = cpu?.quota;
  const period = cpu?.period;
  return [
    put('memory', 'memory.max', limit(memory?.limit)),
    put('memory', 'memory.swap.max', limit(swapOnly, true), true),
    put('memory', 'memory.low', memory?.reservation),
    put('cpu', 'cpu.weight', cpu?.shares ? sharesToWeight(cpu.shares) : undefined),
    quota || period
      ? put('cpu', 'cpu.max', `${quota !== undefined && quota > 0 ? quota : 'max'} ${period || 100_000}`)
      : undefined,
    put('cpuset', 'cpuset.cpus', text(cpu?.cpus)),
    put('cpuset', 'cpuset.mems', text(cpu?.mems)),
    put('pids', 'pids.max', limit(pids?.limit)),
    put('io', 'io.bfq.weight', positive(blockIO?.weight), true),
    put('io', 'io.weight', blockIO?.weight ? `default ${blkioToIoWeight(blockIO.weight)}` : undefined, true),
    ...(
      [
        ['throttleReadBpsDevice', 'rbps'],
        ['throttleWriteBpsDevice', 'wbps'],
        ['throttleReadIOPSDevice', 'riops'],
        ['throttleWriteIOPSDevice', 'wiops'],
      ] as const
    ).flatMap(([key, name]) =>
      (blockIO?.[key] ?? []).map((device) =>
        put('io', 'io.max', `${device.major}:${device.minor} ${name}=${device.rate}`),
      ),
    ),
    ...Object.entries(unified ?? {}).map(([file, value]) => put(file.split('.')[0] ?? '', file, value)),
  ];
}

/** 2…262144 onto 1…10000, as the runtimes do it. */
export const sharesToWeight = (shares: number): number =>
  Math.floor(1 + ((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142);

/** 10…1000 onto 1…10000. */
export const blkioToIoWeight = (weight: number): number => Math.floor(1 + ((weight - 10) * 9999) / 990);

function put(controller: string, file: string, value: number | string | undefined, isOptional = false): Write {
  return value === undefined
    ? undefined
    : { controller, file, value: String(value), ...(isOptional && { isOptional }) };
}

const positive = (value: number | undefined): number | undefined => (value ? value : undefined);
const text = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

/** Negative is no limit; 0 too, except where nothing is a limit of its own. */
function limit(value: number | undefined, zeroCounts = false): string | undefined {
  if (value === undefined) return undefined;
  return value < 0 || (value === 0 && !zeroCounts) ? 'max' : String(value);
}
