import { conflict, notFound } from '../errors/index.ts';

export const noSuchContainer = (ref: string): Error => notFound('no-such-container', `No such container: ${ref}`);

export const notRunning = (id: string): Error => conflict('container-not-running', `container ${id} is not running`);

export function nameTaken(name: string, holder: string): Error {
  return conflict(
    'name-taken',
    `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
      'You have to remove (or rename) that container to be able to reuse that name.',
  );
}
