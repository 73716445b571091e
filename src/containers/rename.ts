import { EngineError, invalidParameter, isEngineError, messageOf } from '../errors/index.ts';
import type { Context } from './context.ts';
import { parseName } from './names.ts';

type Needs = Pick<Context, 'events' | 'records' | 'directory' | 'locks' | 'networks'>;

/** @throws invalid-parameter, conflict `name-taken`, with Docker's texts */
export async function renameContainer(needs: Needs, ref: string, newName: string): Promise<void> {
  const container = needs.directory.get(ref);
  if (newName === '') throw invalidParameter('empty-name', 'Neither old nor new names may be empty');
  await needs.locks.run(container.id, async () => {
    const { record, id } = container;
    const oldName = record.name;
    if (newName === oldName || newName === `/${oldName}`) {
      throw invalidParameter('same-name', 'Renaming a container with the same name as its current name');
    }
    const name = claim(needs, newName, id);
    record.name = name;
    try {
      await needs.records.save(container);
    } catch (error) {
      record.name = oldName;
      needs.directory.releaseName(name, id);
      throw error;
    }
    needs.directory.releaseName(oldName, id);
    needs.networks.rename(id, name);
    const attributes = { ...container.attributes, oldName: `/${oldName}` };
    needs.events.publish('container', 'rename', { id, attributes });
  });
}

function claim({ directory }: Needs, newName: string, id: string): string {
  try {
    const name = parseName(newName, newName.startsWith('/') ? newName : `/${newName}`);
    directory.reserveName(name, id);
    return name;
  } catch (error) {
    if (!isEngineError(error)) throw error;
    const text = `Error when allocating new name: ${messageOf(error)}`;
    throw new EngineError(error.kind, text, { code: error.code, cause: error });
  }
}
