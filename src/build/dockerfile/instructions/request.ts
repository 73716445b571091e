import type { Heredoc, Node, Range } from '../contract.ts';
import { trimSpace } from '../parser/space.ts';

/** What an instruction's reader works on: one node, flattened. */
export interface Request {
  name: string;
  args: string[];
  flags: string[];
  isJson: boolean;
  heredocs: Heredoc[];
  original: string;
  range: Range;
}

export function toRequest(node: Node): Request {
  return {
    name: node.value,
    args: argsOf(node),
    flags: node.flags,
    isJson: node.attributes['json'] === true,
    heredocs: node.heredocs,
    original: trimSpace(node.original),
    range: node.range,
  };
}

function argsOf(node: Node): string[] {
  const args: string[] = [];
  for (let next = node.next; next !== undefined; next = next.next) {
    const [child] = next.children;
    if (child === undefined) args.push(next.value);
    else args.push(child.value, ...argsOf(child));
  }
  return args;
}
