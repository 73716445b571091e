import { EngineError } from '../errors/index.ts';
import type { Range } from './dockerfile/contract.ts';

const CERTIFICATE =
  /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF)|CERTIFICATE_VERIFY_FAILED|self[- ]signed certificate|certificate verify failed|unable to get local issuer certificate|x509: certificate signed by unknown authority/i;
const NOT_FOUND = /(?:^|[\s:])([\w.+-]+): (?:command )?not found/m;
const NO_PACKAGE = /Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate/;

/** What to try, for the failures that are met most. Pure; undefined when there is nothing good to say. */
export function suggestionFor(error: EngineError): string | undefined {
  const { detail } = error;
  if (typeof detail['suggestion'] === 'string') return detail['suggestion'];
  if (error.code === 'copy-source-missing') return suggestPath(detail);
  const output = typeof detail['output'] === 'string' ? detail['output'] : '';
  if (CERTIFICATE.test(output)) {
    return "the server's certificate is not trusted inside the build; behind an intercepting proxy build with --host-ca, which lends the host's certificates to the RUN steps";
  }
  const lacking = NO_PACKAGE.exec(output);
  if (lacking !== null) {
    return `run apt-get update in the same RUN as the install: RUN apt-get update && apt-get install -y ${lacking[1] ?? lacking[2]}`;
  }
  if (/No space left on device/i.test(output)) return 'the disk is full: berth system df shows what takes the room';
  if (detail['oomKilled'] === true) return 'the step ran out of memory: raise or drop --memory';
  const command = NOT_FOUND.exec(output)?.[1] ?? missingExecutable(error);
  if (command !== undefined && (detail['exitCode'] === 127 || detail['exitCode'] === undefined)) {
    return `${command} is not in this image; slim images leave most tools out: install it in an earlier RUN, or start FROM a fuller image`;
  }
  if (detail['exitCode'] === 126)
    return 'the file is there but cannot be executed: check its mode (chmod +x) and its #! line';
  return undefined;
}

const missingExecutable = (error: EngineError): string | undefined =>
  /exec: "([^"]+)": (?:executable file not found|stat )/.exec(error.message)?.[1];

function suggestPath(detail: Record<string, unknown>): string | undefined {
  const wanted = detail['missingPath'];
  const beside = detail['beside'];
  if (typeof wanted !== 'string' || !Array.isArray(beside)) return undefined;
  const names = beside.filter((name) => typeof name === 'string');
  const close = names
    .map((name) => ({ name, distance: editDistance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, Math.floor(wanted.length / 3)))
    .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
  const where = detail['fromContext'] === true ? 'the build context (see also .dockerignore)' : 'that stage';
  if (close.length > 0) return `did you mean ${close.join(' or ')}?`;
  if (names.length === 0) return `nothing like it is in ${where}`;
  const shown = names.slice(0, 8).join(', ');
  return `in ${where} there is: ${shown}${names.length > 8 ? ', …' : ''}`;
}

/** Levenshtein distance, one row at a time. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The error with its place in the Dockerfile and, where there is one, a suggestion. */
export function withAdvice(error: unknown, range: Range, step: number): unknown {
  if (!(error instanceof EngineError)) return error;
  const suggestion = suggestionFor(error);
  const { output: _output, beside: _beside, ...detail } = error.detail;
  return new EngineError(error.kind, error.message, {
    code: error.code,
    cause: error.cause,
    detail: { step, ...detail, range: detail['range'] ?? range, ...(suggestion === undefined ? {} : { suggestion }) },
  });
}
