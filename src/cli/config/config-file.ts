import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What of docker's own config.json is honoured: how lists look, and the keys that detach. */
export interface ConfigFile {
  psFormat?: string;
  imagesFormat?: string;
  detachKeys?: string;
}

/** `config.json` of DOCKER_CONFIG, else of ~/.docker. One that is missing or broken counts as empty: it is another program's file. */
export function readConfig(env: NodeJS.ProcessEnv): ConfigFile {
  const folder = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  let content: Record<string, unknown>;
  try {
    content = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
  const config: ConfigFile = {};
  for (const key of ['psFormat', 'imagesFormat', 'detachKeys'] as const)
    if (typeof content?.[key] === 'string') config[key] = content[key];
  return config;
}
