/** A place in a Dockerfile: 1-based lines, inclusive. */
export interface Range {
  startLine: number;
  endLine: number;
}

export interface Heredoc {
  name: string;
  /** The delimiter was not quoted: the content is expanded (not for RUN). */
  expand: boolean;
  chomp: boolean;
  content: string;
  fd: number;
}

/** A node of the parse tree, as BuildKit's parser makes them (the S-expressions of the goldens are its dump). */
export interface Node {
  value: string;
  next?: Node;
  children: Node[];
  /** Heredocs of the instruction. */
  heredocs: Heredoc[];
  /** `json` when the exec form was used. */
  attributes: Record<string, boolean>;
  /** The line as written, continuation joined. */
  original: string;
  flags: string[];
  range: Range;
  prevComment: string[];
}

export interface ParsedDockerfile {
  ast: Node;
  escapeToken: '\\' | '`';
  directives: Record<string, { value: string; range: Range }>;
  warnings: { message: string; detail: string[]; url: string; range?: Range }[];
}

export type ShellOrExec = { form: 'shell'; command: string; heredocs: Heredoc[] } | { form: 'exec'; args: string[] };

export interface KeyValue {
  key: string;
  value: string;
  /** `ENV k v`: the old form. */
  isLegacy?: boolean;
}

export interface SourcesAndDest {
  sources: string[];
  /** Files given in place. */
  inline: { name: string; content: string; expand: boolean }[];
  dest: string;
}

interface Base {
  range: Range;
  /** As written (for history, steps and messages). */
  original: string;
  flagNames: string[];
}

/** Options under their long names (`source`, `target`, …); `readonly` and `required` are 'true' or 'false', `size` is in bytes. */
export interface RunMount {
  type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  options: Record<string, string>;
}

/** Typed instructions: flags validated, words not yet expanded. */
export type Instruction = Base &
  (
    | { kind: 'arg'; args: { key: string; value?: string }[] }
    | { kind: 'env'; pairs: KeyValue[] }
    | { kind: 'label'; pairs: KeyValue[] }
    | {
        kind: 'run';
        command: ShellOrExec;
        /** Those of `mountFlags` that hold no variable; `expandInstruction` gives them all. */
        mounts: RunMount[];
        /** The values of `--mount` as written. */
        mountFlags: string[];
        network: string;
        security: string;
        devices: string[];
      }
    | { kind: 'cmd'; command: ShellOrExec }
    | { kind: 'entrypoint'; command: ShellOrExec }
    | {
        kind: 'copy';
        files: SourcesAndDest;
        from?: string;
        chown?: string;
        chmod?: string;
        link: boolean;
        parents: boolean;
        exclude: string[];
      }
    | {
        kind: 'add';
        files: SourcesAndDest;
        chown?: string;
        chmod?: string;
        link: boolean;
        exclude: string[];
        checksum?: string;
        keepGitDir?: boolean;
        unpack?: boolean;
      }
    | { kind: 'expose'; ports: string[] }
    | { kind: 'user'; user: string }
    | { kind: 'workdir'; path: string }
    | { kind: 'volume'; paths: string[] }
    | { kind: 'stopsignal'; signal: string }
    | { kind: 'shell'; shell: string[] }
    | { kind: 'maintainer'; maintainer: string }
    | { kind: 'onbuild'; expression: string }
    | {
        kind: 'healthcheck';
        test: string[];
        intervalNs?: number;
        timeoutNs?: number;
        startPeriodNs?: number;
        startIntervalNs?: number;
        retries?: number;
      }
  );

export interface Stage {
  index: number;
  name?: string;
  baseName: string;
  platform?: string;
  range: Range;
  original: string;
  instructions: Instruction[];
}

export interface DockerfileProgram {
  /** ARGs before the first FROM. */
  metaArgs: Extract<Instruction, { kind: 'arg' }>[];
  stages: Stage[];
  escapeToken: '\\' | '`';
  warnings: ParsedDockerfile['warnings'];
}

/** Word expansion (BuildKit `shell/lex.go`): `lookup` gives a variable's value or undefined. */
export interface ExpandOptions {
  lookup(name: string): string | undefined;
  escapeToken: '\\' | '`';
  /** Names that were looked up and not found are collected here (for UndefinedVar). */
  unmatched?: Set<string>;
}

/** The surface of `build/dockerfile`; every function is pure. Errors are EngineError invalid-parameter with `detail.range`. */
export interface DockerfileLanguage {
  parse(bytes: Uint8Array): ParsedDockerfile;
  interpret(parsed: ParsedDockerfile): DockerfileProgram;
  /** One ONBUILD expression or `--change` line. */
  parseInstruction(line: string, escapeToken?: '\\' | '`'): Instruction;
  expandWord(word: string, options: ExpandOptions): string;
  expandWords(word: string, options: ExpandOptions): string[];
  /** `.dockerignore` text to patterns; and patterns to a matcher of slash paths relative to the context. */
  parseIgnore(text: string): string[];
  createMatcher(patterns: readonly string[]): { matches(path: string): boolean; hasExceptions: boolean };
}
