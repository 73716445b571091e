import type { Node } from '../contract.ts';
import { quote, quoteList } from './quote.ts';

/** A parse tree as S-expressions, the way BuildKit prints them: one line per instruction. */
export function dumpTree(node: Node): string {
  let out = node.value.toLowerCase();
  if (node.flags.length > 0) out += ` ${quoteList(node.flags)}`;
  for (const child of node.children) out += `(${dumpTree(child)})\n`;
  for (let next = node.next; next !== undefined; next = next.next) {
    out += ` ${next.children.length > 0 ? dumpTree(next) : quote(next.value)}`;
  }
  return out.trim();
}
