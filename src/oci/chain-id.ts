import { type Digest, digestOf } from './digest.ts';

/** ChainID of the layers up to and including the last (OCI image specification, config.md, "Layer ChainID"); undefined for none. */
export function chainId(diffIds: readonly Digest[]): Digest | undefined {
  let chain: Digest | undefined;
  for (const diffId of diffIds) chain = chain === undefined ? diffId : digestOf(`${chain} ${diffId}`);
  return chain;
}
