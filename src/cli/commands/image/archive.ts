import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { atLeast, between, type Context, defineCommand, exactly } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { flagTable } from '../../flags/spec.ts';
import { ProgressLines, type ProgressMessage } from '../../progress/progress-lines.ts';
import { splitTag } from './tag.ts';

interface StreamMessage {
  stream?: string;
  status?: string;
  errorDetail?: { message?: string };
}

/** The file, or stdin for `-` and nothing; a terminal is no archive. */
function openInput(context: Context, path: string | undefined): Readable {
  if (path !== undefined && path !== '-') return createReadStream(path);
  if (context.stdin.isTTY) throw new ExitError(1, 'requested load from stdin, but stdin is empty');
  return context.stdin;
}

export const load = defineCommand({
  names: ['image load', 'load'],
  summary: 'Load an image from a tar archive or STDIN',
  usage: '[OPTIONS]',
  arity: exactly(0),
  flags: flagTable({
    input: { type: 'string', short: 'i', description: 'Read from tar archive file, instead of STDIN' },
    quiet: { type: 'bool', short: 'q', description: 'Suppress the load output' },
  }),
  async run(context, flags) {
    const client = await context.client();
    const body = openInput(context, flags.input);
    await opened(body, flags.input);
    const view = new ProgressLines(context.stderr);
    for await (const message of client.messages<StreamMessage & ProgressMessage>({
      method: 'POST',
      path: '/images/load',
      query: { quiet: flags.quiet },
      body,
    })) {
      if (message.errorDetail?.message) throw new ExitError(1, message.errorDetail.message);
      if (message.stream !== undefined) context.stdout.write(message.stream);
      else if (!flags.quiet && context.stderr.isTTY) view.show(message);
    }
    return 0;
  },
});

/** Resolves once a file is known to open: an error of ours, not of the request it feeds. */
async function opened(body: Readable, path: string | undefined): Promise<void> {
  if (path === undefined || path === '-') return;
  await new Promise<void>((resolve, reject) => {
    body.once('open', () => resolve());
    body.once('error', () => reject(new ExitError(1, `open ${path}: no such file or directory`)));
  });
}

export const save = defineCommand({
  names: ['image save', 'save'],
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: atLeast(1),
  flags: flagTable({ output: { type: 'string', short: 'o', description: 'Write to a file, instead of STDOUT' } }),
  async run(context, flags, args) {
    if (flags.output === undefined && context.stdout.isTTY)
      throw new ExitError(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (flags.output !== undefined && !existsSync(dirname(resolve(flags.output))))
      throw new ExitError(
        1,
        `failed to save image: invalid output path: stat ${dirname(flags.output)}: no such file or directory`,
      );
    const client = await context.client();
    const answer = await client.stream({ method: 'GET', path: '/images/get', query: { names: args } });
    await pipeline(answer, flags.output === undefined ? context.stdout : createWriteStream(flags.output));
    return 0;
  },
});

export const importImage = defineCommand({
  names: ['image import', 'import'],
  summary: 'Import the contents from a tarball to create a filesystem image',
  usage: '[OPTIONS] file|- [REPOSITORY[:TAG]]',
  arity: between(1, 2),
  examples: ['berth import rootfs.tar my-base:1', 'tar c . | berth import -c \'CMD ["sh"]\' - base'],
  flags: flagTable({
    change: { type: 'list', short: 'c', description: 'Apply Dockerfile instruction to the created image' },
    message: { type: 'string', short: 'm', description: 'Set commit message for imported image' },
    platform: { type: 'string', description: 'Set platform if server is multi-platform capable' },
  }),
  async run(context, flags, [source = '', name]) {
    const client = await context.client();
    if (/^https?:/.test(source))
      throw new ExitError(
        1,
        'importing from a URL is not supported: download it first, or pipe it in (`curl … | berth import - NAME`)',
      );
    const body = openInput(context, source);
    await opened(body, source);
    const { repository, tag } = name === undefined ? { repository: undefined, tag: undefined } : splitTag(name);
    const query = {
      fromSrc: '-',
      repo: repository,
      tag,
      message: flags.message,
      changes: flags.change,
      platform: flags.platform,
    };
    for await (const message of client.messages<StreamMessage>({
      method: 'POST',
      path: '/images/create',
      query,
      body,
    })) {
      if (message.errorDetail?.message) throw new ExitError(1, message.errorDetail.message);
      if (message.status !== undefined) context.stdout.write(`${message.status}\n`);
    }
    return 0;
  },
});
