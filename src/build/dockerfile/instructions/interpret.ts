import type { DockerfileProgram, Instruction, Node, ParsedDockerfile } from '../contract.ts';
import { dockerfileError, withRange } from '../errors.ts';
import { parse } from '../parser/parse.ts';
import { readFrom } from './from.ts';
import { readInstruction } from './readers.ts';
import { toRequest } from './request.ts';

/** The tree → stages of checked instructions. Nothing is expanded: that needs the values only a build has. */
export function interpret(parsed: ParsedDockerfile): DockerfileProgram {
  const program: DockerfileProgram = {
    metaArgs: [],
    stages: [],
    escapeToken: parsed.escapeToken,
    warnings: parsed.warnings,
  };
  for (const node of parsed.ast.children) {
    withRange(node.range, () => add(program, node), `dockerfile parse error on line ${node.range.startLine}: `);
  }
  if (program.stages.length === 0) {
    throw dockerfileError('dockerfile contains no stages to build', { range: parsed.ast.range });
  }
  return program;
}

function add(program: DockerfileProgram, node: Node): void {
  const request = toRequest(node);
  if (node.value.toLowerCase() === 'from') {
    program.stages.push(readFrom(request, program.stages.length));
    return;
  }
  const instruction = readInstruction(request);
  const stage = program.stages.at(-1);
  if (stage !== undefined) stage.instructions.push(instruction);
  else if (instruction.kind === 'arg') program.metaArgs.push(instruction);
  else throw dockerfileError('no build stage in current context', { range: node.range });
}

/** One ONBUILD expression (heredocs included), outside of any file. */
export function parseInstruction(line: string, escapeToken: '\\' | '`' = '\\'): Instruction {
  const directive = escapeToken === '\\' ? '' : `# escape=${escapeToken}\n`;
  const [node, ...more] = parse(Buffer.from(directive + line)).ast.children;
  if (node === undefined || more.length > 0) throw dockerfileError(`expected one instruction: ${JSON.stringify(line)}`);
  return withRange(node.range, () => readInstruction(toRequest(node)));
}
