/**
 * Group commit: transactions that are wanted in the same turn of the event loop share one commit, so one fsync. Each runs
 * in its own savepoint: one that throws is undone alone. Nobody hears "done" before the shared commit has returned, and all
 * of them hear it when that fails.
 */
import type { Database } from './database.ts';

/** Longest a shared commit may block the event loop is this many inserts (about 0.1 ms each) and one fsync. */
export const SHARED_COMMIT_MAX = 64;

export interface CommitQueue {
  /** Runs `work` in a transaction soon; resolves once it is durable. */
  commitSoon<T>(work: () => T): Promise<T>;
}

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

export function createCommitQueue(database: Database, sharedMax: number = SHARED_COMMIT_MAX): CommitQueue {
  const waiting: Waiting[] = [];
  let scheduled = false;

  function schedule(): void {
    if (scheduled || waiting.length === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      commit(waiting.splice(0, sharedMax));
      schedule();
    });
  }

  function commit(batch: readonly Waiting[]): void {
    const endings: (() => void)[] = [];
    try {
      database.transact(() => {
        for (const { work, resolve, reject } of batch) {
          try {
            const answer = database.savepoint(work);
            endings.push(() => resolve(answer as never));
          } catch (error) {
            // The parts before this one are gone with it: nobody may hear "done".
            if (!database.inTransaction()) throw error;
            endings.push(() => reject(error));
          }
        }
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const end of endings) end();
  }

  return {
    commitSoon: (work) =>
      new Promise((resolve, reject) => {
        waiting.push({ work, resolve, reject });
        schedule();
      }),
  };
}
