import type { Heredoc, Node, ParsedDockerfile, Range } from '../contract.ts';
import { dockerfileError, withRange } from '../errors.ts';
import { DirectiveReader, detectDirectives } from './directives.ts';
import { type HeredocHead, heredocsOfLine } from './heredoc.ts';
import { makeNode, parseLine } from './line-parsers.ts';
import { LineReader, trimNewline } from './lines.ts';
import { isSpace, trimSpace, trimSpaceStart } from './space.ts';

type Warning = ParsedDockerfile['warnings'][number];

function emptyContinuation(line: string, lineNumber: number): Warning {
  return {
    message: `Empty continuation line found in: ${line}`,
    detail: ['Empty continuation lines will become errors in a future release'],
    url: 'https://docs.docker.com/go/dockerfile/rule/no-empty-continuation/',
    range: { startLine: lineNumber, endLine: lineNumber },
  };
}

/** Far more than any image can hold; a file beyond these is refused before it costs real time. Heredocs and comments don't count. */
const MAX_INSTRUCTIONS = 50_000;
const MAX_INSTRUCTION_TEXT = 4 * 1024 * 1024;

/** The bytes of a Dockerfile → its tree. Only what concerns the shape of lines is checked here. */
export function parse(bytes: Uint8Array): ParsedDockerfile {
  const warnings: ParsedDockerfile['warnings'] = [];
  const source = decode(bytes, warnings);
  const lines = new LineReader(source);
  const directives = new DirectiveReader();
  const ast = makeNode('', { startLine: 0, endLine: 0 });
  let comments: string[] = [];
  let textLength = 0;
  for (let raw = lines.next(); raw !== undefined; raw = lines.next()) {
    const line = trimSpaceStart(trimNewline(raw));
    if (directives.offer(line, lines.number)) continue;
    if (line.startsWith('#')) {
      const comment = trimSpace(line.slice(1));
      if (comment === '') comments = [];
      else comments.push(comment);
      continue;
    }
    if (line === '') continue;
    const range = { startLine: lines.number, endLine: lines.number };
    const joined = joinContinuations(line, lines, directives.escapeToken);
    range.endLine = lines.number;
    textLength += joined.line.length;
    checkSize(ast.children.length + 1, textLength, range);
    if (joined.hasEmpty) warnings.push(emptyContinuation(joined.line, lines.number));
    const node = parseInstructionAt(joined.line, range, lines, directives.escapeToken);
    node.prevComment = comments;
    comments = [];
    ast.children.push(node);
  }
  finish(ast, lines.number);
  return {
    ast,
    escapeToken: directives.escapeToken,
    directives: { ...detectDirectives(source), ...directives.directives },
    warnings,
  };
}

function checkSize(instructions: number, textLength: number, range: Range): void {
  if (instructions > MAX_INSTRUCTIONS) {
    throw dockerfileError(`the Dockerfile has more than ${MAX_INSTRUCTIONS} instructions`, { range });
  }
  if (textLength > MAX_INSTRUCTION_TEXT) {
    throw dockerfileError(`the Dockerfile has more than ${MAX_INSTRUCTION_TEXT} characters of instructions`, { range });
  }
}

function finish(ast: Node, lastLine: number): void {
  const first = ast.children[0];
  const last = ast.children.at(-1);
  if (first === undefined || last === undefined) {
    throw dockerfileError('file with no instructions', { range: { startLine: lastLine, endLine: lastLine } });
  }
  ast.range = { startLine: first.range.startLine, endLine: last.range.endLine };
}

/** Bytes that are no UTF-8 are kept as U+FFFD, and said. */
function decode(bytes: Uint8Array, warnings: ParsedDockerfile['warnings']): string {
  const source = new TextDecoder('utf-8').decode(bytes);
  if (source.includes('\uFFFD') && !isUtf8(bytes)) {
    warnings.push({
      message: 'The Dockerfile is not valid UTF-8: the bytes that are not were replaced',
      detail: [],
      url: '',
    });
  }
  return source;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The instruction of one logical line, with the heredocs that follow it. */
function parseInstructionAt(line: string, range: Range, lines: LineReader, escapeToken: '\\' | '`'): Node {
  const node = withRange(range, () => parseLine(line, { escapeToken, range, depth: 0 }));
  if (canHaveHeredocs(node) && line.includes('<<')) {
    const heads = withRange(range, () => heredocsOfLine(line));
    node.heredocs = heads.map((head) => ({ ...head, content: takeHeredoc(head, lines, range.startLine) }));
    range.endLine = lines.number;
  }
  return node;
}

function joinContinuations(first: string, lines: LineReader, escapeToken: string): { line: string; hasEmpty: boolean } {
  let { text, isContinued } = cutContinuation(first, escapeToken);
  const parts = [text];
  let hasEmpty = false;
  while (isContinued) {
    const raw = lines.next();
    if (raw === undefined) break;
    const next = trimNewline(raw);
    const start = indexOfText(next);
    if (next[start] === '#') continue;
    if (start === next.length) {
      hasEmpty = true;
      continue;
    }
    ({ text, isContinued } = cutContinuation(next, escapeToken));
    parts.push(text);
  }
  return { line: parts.join(''), hasEmpty };
}

function indexOfText(line: string): number {
  let at = 0;
  while (at < line.length && isSpace(line.charCodeAt(at))) at++;
  return at;
}

/** A line continues when its last character (blanks aside) is the escape token, and that is not itself escaped. */
function cutContinuation(line: string, escapeToken: string): { text: string; isContinued: boolean } {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  const isContinued = end > 0 && line[end - 1] === escapeToken && line[end - 2] !== escapeToken;
  return isContinued ? { text: line.slice(0, end - 1), isContinued } : { text: line, isContinued };
}

const heredocInstructions = new Set(['add', 'copy', 'run']);

function canHaveHeredocs(node: Node): boolean {
  const inner = node.value.toLowerCase() === 'onbuild' ? (node.next?.children[0] ?? node) : node;
  return heredocInstructions.has(inner.value.toLowerCase()) && inner.attributes['json'] !== true;
}

function takeHeredoc(head: HeredocHead, lines: LineReader, startLine: number): Heredoc['content'] {
  const content: string[] = [];
  for (let raw = lines.next(); raw !== undefined; raw = lines.next()) {
    const text = trimNewline(raw);
    if ((head.chomp ? text.replace(/^\t+/, '') : text) === head.name) return content.join('');
    content.push(raw);
  }
  throw dockerfileError('unterminated heredoc', { range: { startLine, endLine: lines.number } });
}
