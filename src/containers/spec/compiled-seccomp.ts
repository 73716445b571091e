import { compileSeccomp, UnknownSeccompError } from '../../host/index.ts';
import type { RuntimeSpec, SeccompSpec } from '../../oci/index.ts';

/** crun loads this program instead of compiling `linux.seccomp`, which takes it 17 of the 27 ms of a start. */
const ANNOTATION = 'run.oci.seccomp_bpf_data';

const compiled = new WeakMap<SeccompSpec, string | undefined>();

/**
 * The spec with its filter compiled, where that can be shared: for crun, and for a profile that `isShared` by many starts
 * (the default for one set of capabilities). The same library compiles it here as there.
 */
export function withCompiledSeccomp(spec: RuntimeSpec, options: { runtime: string; isShared: boolean }): RuntimeSpec {
  const { seccomp, ...linux } = spec.linux;
  if (seccomp === undefined || options.runtime !== 'crun' || !options.isShared) return spec;
  if (!compiled.has(seccomp)) compiled.set(seccomp, compile(seccomp));
  const program = compiled.get(seccomp);
  if (program === undefined) return spec;
  return { ...spec, linux, annotations: { ...spec.annotations, [ANNOTATION]: program } };
}

function compile(seccomp: SeccompSpec): string | undefined {
  try {
    return compileSeccomp(seccomp)?.toString('base64');
  } catch (error) {
    // The runtime's own compiler has the last word on what this one does not know.
    if (error instanceof UnknownSeccompError) return undefined;
    throw error;
  }
}
