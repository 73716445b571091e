export type * from './contract.ts';
export { expandContent, expandWord, expandWords } from './expand/expand.ts';
export { expandInstruction } from './instructions/expand-instruction.ts';
export { findStage } from './instructions/from.ts';
export { interpret, parseInstruction } from './instructions/interpret.ts';
export { resolveRunScript } from './instructions/run.ts';
export { dumpTree } from './parser/dump.ts';
export { parse } from './parser/parse.ts';
