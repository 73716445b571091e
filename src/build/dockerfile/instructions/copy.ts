import type { SourcesAndDest } from '../contract.ts';
import { dockerfileError } from '../errors.ts';
import { chompContent, findHeredoc } from '../parser/heredoc.ts';
import { Flags, type FlagType } from './flags.ts';
import type { InstructionBody } from './readers.ts';
import type { Request } from './request.ts';

const shared = { chown: 'string', chmod: 'string', link: 'bool', exclude: 'strings' } as const;
const copyFlags: Record<string, FlagType> = { ...shared, from: 'string', parents: 'bool' };
const addFlags: Record<string, FlagType> = { ...shared, 'keep-git-dir': 'bool', checksum: 'string', unpack: 'bool' };

export function readCopy(request: Request): InstructionBody {
  requireDestination('COPY', request);
  const flags = new Flags(request.flags, copyFlags);
  const from = flags.string('from');
  return {
    kind: 'copy',
    files: readFiles('COPY', request),
    ...(from ? { from } : {}),
    ...readOwnership(flags),
    link: flags.bool('link') === true,
    parents: flags.bool('parents') === true,
    exclude: flags.strings('exclude'),
  };
}

export function readAdd(request: Request): InstructionBody {
  requireDestination('ADD', request);
  const flags = new Flags(request.flags, addFlags);
  const checksum = flags.string('checksum');
  const keepGitDir = flags.bool('keep-git-dir');
  const unpack = flags.bool('unpack');
  return {
    kind: 'add',
    files: readFiles('ADD', request),
    ...readOwnership(flags),
    link: flags.bool('link') === true,
    exclude: flags.strings('exclude'),
    ...(checksum ? { checksum } : {}),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}

function readOwnership(flags: Flags): { chown?: string; chmod?: string } {
  const chown = flags.string('chown');
  const chmod = flags.string('chmod');
  return { ...(chown ? { chown } : {}), ...(chmod ? { chmod } : {}) };
}

function requireDestination(name: string, request: Request): void {
  if (request.args.length >= 2) return;
  const text = `${name} requires at least two arguments, but only one was provided. Destination could not be determined`;
  throw dockerfileError(text);
}

/** The last argument is the destination; a heredoc among the sources is a file given in place. */
function readFiles(name: string, request: Request): SourcesAndDest {
  const dest = request.args.at(-1) ?? '';
  if (findHeredoc(dest) !== undefined) throw dockerfileError(`${name} cannot accept a heredoc as a destination`);
  const contents = new Map(request.heredocs.map((heredoc) => [heredoc.name, heredoc.content]));
  const files: SourcesAndDest = { sources: [], inline: [], dest };
  for (const source of request.args.slice(0, -1)) {
    const heredoc = findHeredoc(source);
    if (heredoc === undefined) {
      files.sources.push(source);
      continue;
    }
    const content = contents.get(heredoc.name) ?? '';
    files.inline.push({
      name: heredoc.name,
      content: heredoc.chomp ? chompContent(content) : content,
      expand: heredoc.expand,
    });
  }
  return files;
}
