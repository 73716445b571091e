import { existsSync } from 'node:fs';

const USUAL_PLACES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Where the bundle is inside; a name of ours, so that it hides nothing of the image's. */
export const HOST_CA_PATH = '/run/berth-host-ca.crt';
export const HOST_CA_ANNOTATION = 'berth.host-ca';

const VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
];

/** The host's CA bundle, if there is one. */
export function findHostCa(configured: string | undefined): string | undefined {
  return [...(configured === undefined ? [] : [configured]), ...USUAL_PLACES].find((path) => existsSync(path));
}

/** The usual variables, where the container does not set them itself. */
export function hostCaEnv(env: readonly string[]): string[] {
  const own = new Set(env.map((entry) => entry.split('=', 1)[0]));
  return VARIABLES.filter((name) => !own.has(name)).map((name) => `${name}=${HOST_CA_PATH}`);
}
