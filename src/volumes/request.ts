import type { VolumeCreateOptions } from '../api/index.ts';
import { invalidParameter, notFound, notImplemented } from '../errors/index.ts';
import { DRIVER } from './record.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Options that the local driver knows; both of `needed` must be there when any is. */
const KNOWN = ['type', 'o', 'device', 'size'];
const NEEDED = ['device', 'type'];

/** @throws invalid-parameter with Docker's text. A name that passes is one path segment. */
export function checkName(name: string): void {
  if (name.length === 1)
    throw invalid(`create ${name}: volume name is too short, names should be at least two alphanumeric characters`);
  if (!NAME.test(name) || name.length > 255) {
    throw invalid(
      `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only ` +
        '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
  }
}

/** @throws not-found for another driver, invalid-parameter for what the local driver does not take */
export function checkRequest(name: string, request: VolumeCreateOptions): void {
  if (request.ClusterVolumeSpec !== undefined && request.ClusterVolumeSpec !== null)
    throw notImplemented('cluster-volume', 'ClusterVolumeSpec is not supported: Berth has no cluster volumes');
  const driver = request.Driver ?? '';
  if (driver !== '' && driver !== DRIVER) {
    const message = `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`;
    throw notFound('no-such-volume-driver', message);
  }
  const options = Object.keys(request.DriverOpts ?? {});
  const unknown = options.find((option) => !KNOWN.includes(option));
  if (unknown !== undefined) throw invalid(`create ${name}: invalid option: ${JSON.stringify(unknown)}`);
  if (options.includes('size')) throw invalid(`create ${name}: quota size requested but no quota support`);
  if (options.length === 0) return;
  const missing = NEEDED.find((option) => !options.includes(option));
  if (missing !== undefined) throw invalid(`create ${name}: missing required option: ${JSON.stringify(missing)}`);
}

const invalid = (message: string): Error => invalidParameter('invalid-volume', message);
