import { defineCommand, exactly } from '../../command.ts';

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
