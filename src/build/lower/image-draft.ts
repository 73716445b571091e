import type { ImageRunConfig } from '../../oci/index.ts';

/** The configuration of a stage's image while its instructions are lowered. */
export interface ImageDraft {
  config: ImageRunConfig;
  author?: string;
  /** A CMD was set in this stage: ENTRYPOINT then leaves it alone. */
  isCmdSet: boolean;
}

/** PATH of an image built from nothing. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What stands before a shell-form command. */
export const shellOf = (draft: ImageDraft): readonly string[] => draft.config.Shell ?? ['/bin/sh', '-c'];

export function cloneDraft(draft: ImageDraft): ImageDraft {
  return structuredClone(draft);
}

/** Sets `key` in `KEY=value` entries, in place where it is there already. */
export function setEnv(entries: readonly string[], key: string, value: string): string[] {
  const at = entries.findIndex((entry) => entry === key || entry.startsWith(`${key}=`));
  return at < 0 ? [...entries, `${key}=${value}`] : entries.with(at, `${key}=${value}`);
}

export function envMap(entries: readonly string[]): Map<string, string> {
  return new Map(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
