type Undo = () => void | Promise<void>;

/**
 * Collects the undo of each step that succeeded. Disposed before `commit()`, it runs them in reverse order, goes on past
 * failures, and throws one AggregateError when any failed.
 */
export class Rollback implements AsyncDisposable {
  #undos: Undo[] = [];

  push(undo: Undo): void {
    this.#undos.push(undo);
  }

  /** The work stands: nothing will be undone. Gives the undos (in order) to whoever owns the result from now on. */
  commit(): Undo[] {
    return this.#undos.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await unwind(this.#undos.splice(0));
  }
}

/** Runs every undo, last first, past failures; throws one AggregateError if any failed. */
export async function unwind(undos: readonly Undo[]): Promise<void> {
  const failures: unknown[] = [];
  for (const undo of undos.toReversed()) {
    try {
      await undo();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
}
