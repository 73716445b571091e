import { invalidParameter } from '../errors/index.ts';
import type { Container } from './container.ts';
import { nameTaken, noSuchContainer } from './errors.ts';

/** Who is there, by id, name and id prefix. Names are reserved synchronously, so two creates cannot both win one. */
export class Directory {
  readonly #byId = new Map<string, Container>();
  readonly #idByName = new Map<string, string>();

  /** @throws conflict `name-taken` with Docker's text */
  reserveName(name: string, id: string): void {
    const holder = this.#idByName.get(name);
    if (holder !== undefined && holder !== id) throw nameTaken(name, holder);
    this.#idByName.set(name, id);
  }

  isNameTaken(name: string): boolean {
    return this.#idByName.has(name);
  }

  releaseName(name: string, id: string): void {
    if (this.#idByName.get(name) === id) this.#idByName.delete(name);
  }

  add(container: Container): void {
    this.#byId.set(container.id, container);
  }

  remove(container: Container): void {
    this.#byId.delete(container.id);
    this.releaseName(container.record.name, container.id);
  }

  /** @throws not-found `no-such-container`, invalid-parameter `ambiguous-prefix` */
  get(ref: string): Container {
    const found = this.find(ref);
    if (found === undefined) throw noSuchContainer(ref);
    return found;
  }

  find(ref: string): Container | undefined {
    const exact = this.#byId.get(ref) ?? this.#byId.get(this.#idByName.get(ref.replace(/^\//, '')) ?? '');
    if (exact !== undefined || !/^[0-9a-f]{1,64}$/.test(ref)) return exact;
    const matches: Container[] = [];
    for (const [id, container] of this.#byId) if (id.startsWith(ref)) matches.push(container);
    if (matches.length > 1) {
      throw invalidParameter('ambiguous-prefix', `multiple IDs found with provided prefix: ${ref}`);
    }
    return matches[0];
  }

  all(): Container[] {
    return [...this.#byId.values()];
  }
}
