import type { Client } from '../../client/index.ts';
import type { Context } from '../command.ts';
import { ExitError } from '../exit-code.ts';
import { ProgressLines, type ProgressMessage } from './progress-lines.ts';

interface PullMessage extends ProgressMessage {
  errorDetail?: { message?: string };
  error?: string;
}

/** Pulls an image, with a line per event on stderr. @throws ExitError with the daemon's reason */
export async function pullImage(
  context: Context,
  client: Client,
  image: string,
  options: { isQuiet: boolean; platform: string | undefined },
): Promise<void> {
  const view = new ProgressLines(context.stderr);
  const messages = client.messages<PullMessage>({
    method: 'POST',
    path: '/images/create',
    query: {
      fromImage: image,
      tag: /[:@]/.test(image.split('/').at(-1) ?? '') ? undefined : 'latest',
      platform: options.platform,
    },
  });
  for await (const message of messages) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw new ExitError(125, failure);
    if (!options.isQuiet) view.show(message);
  }
  view.end();
}
