import { invalidParameter } from '../errors/index.ts';
import { noSuchNetwork } from './errors.ts';
import type { NetworkRecord } from './record.ts';

/** The networks there are, found the way Docker finds them: by name, by id, by the start of an id. */
export class NetworkList {
  readonly #records: readonly NetworkRecord[];

  constructor(records: readonly NetworkRecord[]) {
    this.#records = records;
  }

  all(): readonly NetworkRecord[] {
    return this.#records;
  }

  find(nameOrId: string): NetworkRecord | undefined {
    const matches = this.#matches(nameOrId);
    return matches.length === 1 ? matches[0] : undefined;
  }

  /** @throws not-found `no-such-network`, invalid-parameter `ambiguous-network` */
  get(nameOrId: string): NetworkRecord {
    const [match, ...others] = this.#matches(nameOrId);
    if (match === undefined) throw noSuchNetwork(nameOrId);
    if (others.length === 0) return match;
    const count = others.length + 1;
    const message = `network ${nameOrId} is ambiguous (${count} matches found based on ID prefix)`;
    throw invalidParameter('ambiguous-network', message);
  }

  #matches(nameOrId: string): NetworkRecord[] {
    if (nameOrId === '') return [];
    const wanted = nameOrId === 'default' ? 'bridge' : nameOrId;
    const exact = this.#records.find(({ name, id }) => name === wanted || id === wanted);
    return exact === undefined ? this.#records.filter(({ id }) => id.startsWith(wanted)) : [exact];
  }
}
