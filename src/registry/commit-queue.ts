/**
 * Group commit: transactions wanted at the same time share one sync of the disk, and that sync runs beside the event loop
 * (a sync takes milliseconds; sockets must not wait for it). Each piece of work has its own savepoint: one that throws is
 * undone alone. Nobody hears "done" before the shared sync has returned, and all of them hear it when that fails.
 *
 * After a failed sync the kernel may have dropped the pages and report the next sync as good. So nothing is trusted until
 * a checkpoint has written and synced the main file; until then every caller is refused.
 */
import type { Database } from './database.ts';

/** Pieces of work in one transaction: about 0.15 ms each, so the event loop is held for a few milliseconds at most. */
export const SHARED_COMMIT_MAX = 16;
/** Pieces of work that wait for one sync; beyond it the first ones would wait too long for their answer. */
export const SHARED_SYNC_MAX = 256;

export interface CommitQueue {
  /** Runs `work` in a transaction soon; resolves once it is durable. */
  commitSoon<T>(work: () => T): Promise<T>;
  /** Resolves when nothing is waiting any more. */
  settled(): Promise<void>;
}

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Work that is committed but not yet durable, and how to tell its caller. */
interface Committed extends Waiting {
  readonly answer: unknown;
}

export function createCommitQueue(database: Pick<Database, 'transactUnsynced' | 'savepoint' | 'inTransaction' | 'syncLog' | 'checkpoint'>): CommitQueue {
  const waiting: Waiting[] = [];
  let draining: Promise<void> | undefined;
  let isSuspect = false;

  async function drain(): Promise<void> {
    await nextTurn();
    while (waiting.length > 0) {
      const committed: Committed[] = [];
      while (waiting.length > 0 && committed.length < SHARED_SYNC_MAX) {
        committed.push(...commit(waiting.splice(0, SHARED_COMMIT_MAX)));
        if (waiting.length > 0) await nextTurn();
      }
      if (committed.length > 0) await makeDurable(committed);
    }
    draining = undefined;
  }

  function commit(batch: readonly Waiting[]): Committed[] {
    const committed: Committed[] = [];
    const refused: (() => void)[] = [];
    try {
      if (isSuspect) database.checkpoint();
      isSuspect = false;
      database.transactUnsynced(() => {
        for (const one of batch) {
          try {
            committed.push({ ...one, answer: database.savepoint(one.work) });
          } catch (error) {
            // The parts before this one are gone with it: nobody may hear "done".
            if (!database.inTransaction()) throw error;
            refused.push(() => one.reject(error));
          }
        }
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return [];
    }
    for (const refuse of refused) refuse();
    return committed;
  }

  async function makeDurable(committed: readonly Committed[]): Promise<void> {
    try {
      await database.syncLog();
    } catch (error) {
      isSuspect = true;
      for (const { reject } of committed) reject(error);
      return;
    }
    for (const { resolve, answer } of committed) resolve(answer as never);
  }

  return {
    commitSoon: (work) =>
      new Promise((resolve, reject) => {
        waiting.push({ work, resolve, reject });
        draining ??= drain();
      }),
    settled: async () => {
      while (draining) await draining;
    },
  };
}

/** Work that arrives in the same turn is waited for: that is what is shared. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
