import { messageOf } from '../../../errors/index.ts';
import { parseReference } from '../../../oci/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';

/** `name:tag` cut at the colon that is not a registry's port. */
export function splitTag(name: string): { repository: string; tag: string | undefined } {
  const at = name.lastIndexOf(':');
  return at > name.lastIndexOf('/')
    ? { repository: name.slice(0, at), tag: name.slice(at + 1) }
    : { repository: name, tag: undefined };
}

export const tag = defineCommand({
  names: ['image tag', 'tag'],
  summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  arity: exactly(2),
  flags: {},
  async run(context, _flags, [source = '', target = '']) {
    for (const name of [source, target]) {
      try {
        parseReference(name);
      } catch (error) {
        if (name === source && /^[0-9a-f]{64}$/.test(name)) continue;
        throw new ExitError(
          1,
          `Error parsing reference: ${JSON.stringify(name)} is not a valid repository/tag: ${messageOf(error)}`,
        );
      }
    }
    const client = await context.client();
    const { repository, tag } = splitTag(target);
    await client.json({
      method: 'POST',
      path: `/images/${encodeURIComponent(source)}/tag`,
      query: { repo: repository, tag },
    });
    return 0;
  },
});
