import type { ExpandOptions, Instruction, SourcesAndDest } from '../contract.ts';
import { withRange } from '../errors.ts';
import { expandContent, expandWord, expandWords } from '../expand/expand.ts';
import { parseMount } from './mount.ts';

/**
 * An instruction with its variables replaced, where its kind has any: ADD COPY ENV EXPOSE LABEL STOPSIGNAL USER VOLUME WORKDIR, the
 * mounts of RUN, the content of unquoted heredocs. All words of one instruction see the values from before it. ARG is left alone
 * (its defaults are expanded one by one, by whoever keeps the scopes), and so are CMD, ENTRYPOINT and RUN's own text.
 */
export function expandInstruction(instruction: Instruction, options: ExpandOptions): Instruction {
  return withRange(instruction.range, () => expandUnplaced(instruction, options));
}

function expandUnplaced(instruction: Instruction, options: ExpandOptions): Instruction {
  const word = (text: string): string => expandWord(text, options);
  switch (instruction.kind) {
    case 'env':
    case 'label': {
      const pairs = instruction.pairs.map((pair) => ({ ...pair, key: word(pair.key), value: word(pair.value) }));
      return { ...instruction, pairs };
    }
    case 'run':
      return { ...instruction, mounts: instruction.mountFlags.map((flag) => parseMount(flag, word)) };
    case 'copy':
      return { ...instruction, ...expandOwnership(instruction, word), files: expandFiles(instruction.files, options) };
    case 'add': {
      const checksum = instruction.checksum === undefined ? {} : { checksum: word(instruction.checksum) };
      const files = expandFiles(instruction.files, options);
      return { ...instruction, ...expandOwnership(instruction, word), ...checksum, files };
    }
    case 'expose':
      return { ...instruction, ports: instruction.ports.flatMap((port) => expandWords(port, options)) };
    case 'user':
      return { ...instruction, user: word(instruction.user) };
    case 'workdir':
      return { ...instruction, path: word(instruction.path) };
    case 'volume':
      return { ...instruction, paths: instruction.paths.map(word) };
    case 'stopsignal':
      return { ...instruction, signal: word(instruction.signal) };
    case 'arg':
    case 'cmd':
    case 'entrypoint':
    case 'shell':
    case 'maintainer':
    case 'onbuild':
    case 'healthcheck':
      return instruction;
    default:
      return instruction satisfies never;
  }
}

function expandOwnership(
  owner: { chown?: string; chmod?: string },
  word: (text: string) => string,
): { chown?: string; chmod?: string } {
  return {
    ...(owner.chown === undefined ? {} : { chown: word(owner.chown) }),
    ...(owner.chmod === undefined ? {} : { chmod: word(owner.chmod) }),
  };
}

function expandFiles(files: SourcesAndDest, options: ExpandOptions): SourcesAndDest {
  return {
    sources: files.sources.map((source) => expandWord(source, options)),
    inline: files.inline.map((file) =>
      file.expand ? { ...file, content: expandContent(file.content, options) } : file,
    ),
    dest: expandWord(files.dest, options),
  };
}
