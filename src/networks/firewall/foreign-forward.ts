import type { Nftables } from '../../host/index.ts';

/**
 * A verdict of ours cannot undo another table's: where somebody's forward chain drops by policy (dockerd, ufw), our
 * bridges need accept rules in there too. They carry a comment, by which they are found and removed again. What must
 * not pass is dropped by our own table whatever these say.
 */
export interface ForeignChain {
  family: string;
  table: string;
  name: string;
  /** After this rule (the jump to the administrator's own rules), or first. */
  afterHandle: number | undefined;
  /** Handles of our rules already there. */
  ours: number[];
}

const NAME = /^[A-Za-z0-9_.-]+$/;
const tagOf = (device: string): string => `berth:${device}`;

interface ListedChain {
  family: string;
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

interface ListedRule {
  chain: string;
  handle: number;
  comment?: string;
  expr: Record<string, unknown>[];
}

/** Other tables' forward chains that drop by policy, or that hold rules of ours. */
export function findForeignChains(nft: Nftables, ownTable: string, device: string): ForeignChain[] {
  const chains = nft
    .query('list chains')
    .nftables.flatMap((each) => ('chain' in each ? [each.chain as ListedChain] : []));
  return chains
    .filter(({ family, hook }) => hook === 'forward' && (family === 'ip' || family === 'inet'))
    .filter(({ table, name }) => table !== ownTable && !/^berth/.test(table) && NAME.test(table) && NAME.test(name))
    .filter(({ policy }) => policy === 'drop')
    .map(({ family, table, name }) => {
      const listed = nft.query(`list chain ${family} ${table} ${name}`).nftables;
      const rules = listed.flatMap((each) => ('rule' in each ? [each.rule as ListedRule] : []));
      const jump = rules.find(({ expr }) => expr.some((each) => isJumpTo(each, 'DOCKER-USER')));
      const ours = rules.filter(({ comment }) => comment === tagOf(device)).map(({ handle }) => handle);
      return { family, table, name, afterHandle: jump?.handle, ours };
    });
}

function isJumpTo(expression: Record<string, unknown>, target: string): boolean {
  const jump = expression['jump'];
  return typeof jump === 'object' && jump !== null && 'target' in jump && jump.target === target;
}

/** The transaction that puts our accept rules (one per direction) into chains that lack them; empty when none does. */
export function renderAccepts(chains: readonly ForeignChain[], device: string): string {
  return chains
    .filter(({ ours }) => ours.length < 2)
    .flatMap((chain) => {
      const { family, table, name, afterHandle } = chain;
      const where =
        afterHandle === undefined
          ? `insert rule ${family} ${table} ${name}`
          : `add rule ${family} ${table} ${name} handle ${afterHandle}`;
      const rule = (direction: string): string =>
        `${where} ${direction} "${device}" counter accept comment "${tagOf(device)}"\n`;
      return [renderRemovals([chain]), rule('oifname'), rule('iifname')];
    })
    .join('');
}

export function renderRemovals(chains: readonly ForeignChain[]): string {
  return chains
    .flatMap(({ family, table, name, ours }) =>
      ours.map((handle) => `delete rule ${family} ${table} ${name} handle ${handle}\n`),
    )
    .join('');
}
