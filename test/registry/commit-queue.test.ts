import { describe, expect, test } from 'vitest';
import { createCommitQueue, SHARED_COMMIT_MAX } from '../../src/registry/commit-queue.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { NOW_MS, ORDINARY } from '../study/sample-studies.ts';
import { image, opened, registryPath } from './registry-folder.ts';

/** A real file whose syncs the test counts, holds or breaks. */
function underTest() {
  const database = openDatabase(registryPath(), false);
  const syncs = { count: 0, transactions: 0, checkpoints: 0, sync: async (): Promise<void> => {} };
  const queue = createCommitQueue({
    savepoint: (work) => database.savepoint(work),
    inTransaction: () => database.inTransaction(),
    transactUnsynced: (work) => {
      syncs.transactions += 1;
      return database.transactUnsynced(work);
    },
    syncLog: async () => {
      syncs.count += 1;
      await syncs.sync();
      await database.syncLog();
    },
    checkpoint: () => {
      syncs.checkpoints += 1;
      database.checkpoint();
    },
  });
  const put = (key: string): void => void database.run("INSERT INTO settings VALUES (?, '1', 0, 'test')", key);
  const keys = (): string[] => database.all('SELECT key FROM settings ORDER BY key').map((row) => String(row['key']));
  return { database, queue, syncs, put, keys };
}

describe('a shared commit', () => {
  test('many at once, one sync', async () => {
    const { queue, syncs, put, keys } = underTest();
    await Promise.all(Array.from({ length: 50 }, (_, n) => queue.commitSoon(() => put(`k${n}`))));
    expect(keys()).toHaveLength(50);
    expect(syncs.count).toBe(1);
    expect(syncs.transactions).toBe(Math.ceil(50 / SHARED_COMMIT_MAX));
  });

  test('nobody hears "done" before the sync has returned', async () => {
    const { queue, syncs, put } = underTest();
    let release = (): void => {};
    syncs.sync = () => new Promise((resolve) => (release = resolve));
    let done = false;
    const committed = queue.commitSoon(() => put('a')).then(() => (done = true));
    while (syncs.count === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    release();
    await committed;
    expect(done).toBe(true);
  });

  test('one that throws is undone alone, and its caller hears why', async () => {
    const { queue, put, keys } = underTest();
    const answers = await Promise.allSettled([
      queue.commitSoon(() => put('a')),
      queue.commitSoon(() => {
        put('b');
        throw new Error('no');
      }),
      queue.commitSoon(() => put('c')),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(keys()).toEqual(['a', 'c']);
  });

  test('a failed sync is told to all, and nothing is trusted again before a checkpoint', async () => {
    const { queue, syncs, put } = underTest();
    syncs.sync = async () => {
      throw new Error('EIO');
    };
    const answers = await Promise.allSettled([queue.commitSoon(() => put('a')), queue.commitSoon(() => put('b'))]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(syncs.checkpoints).toBe(0);
    syncs.sync = async () => {};
    await queue.commitSoon(() => put('c'));
    expect(syncs.checkpoints).toBe(1);
    await queue.commitSoon(() => put('d'));
    expect(syncs.checkpoints).toBe(1);
  });

  test('where even the checkpoint fails, callers go on being refused', async () => {
    const { queue, syncs, put, database, keys } = underTest();
    syncs.sync = async () => {
      throw new Error('EIO');
    };
    await expect(queue.commitSoon(() => put('a'))).rejects.toThrow('EIO');
    const broken = createCommitQueue({ ...database, syncLog: async () => Promise.reject(new Error('EIO')), checkpoint: () => { throw new Error('still'); } });
    await expect(broken.commitSoon(() => put('b'))).rejects.toThrow('EIO');
    await expect(broken.commitSoon(() => put('c'))).rejects.toThrow('still');
    expect(keys()).not.toContain('c');
  });

  test('when the file rolls back as a whole (disk full), those before it in the transaction are refused too', async () => {
    const { queue, put, keys, database } = underTest();
    const pages = Number(database.get('PRAGMA page_count')?.['page_count']);
    database.get(`PRAGMA max_page_count = ${pages + 2}`);
    const big = 'x'.repeat(60_000);
    const answers = await Promise.allSettled([queue.commitSoon(() => put('small')), queue.commitSoon(() => put(big)), queue.commitSoon(() => put('after'))]);
    const stored = keys();
    answers.forEach(({ status }, at) => expect(stored.includes(['small', big, 'after'][at] ?? '')).toBe(status === 'fulfilled'));
    expect(answers[1]?.status).toBe('rejected');
    expect(answers[1]).toMatchObject({ reason: { code: 'storage-full' } });
  });

  test('settled waits for what is on its way', async () => {
    const { queue, put, keys } = underTest();
    void queue.commitSoon(() => put('a'));
    await queue.settled();
    expect(keys()).toEqual(['a']);
    await queue.settled();
  });
});

test('thirty-two senders of the same file at once: one image, one analysis', async () => {
  const registry = opened();
  const recorded = await Promise.all(Array.from({ length: 32 }, () => registry.recordInstanceDurably(image('1.1'), ORDINARY, NOW_MS)));
  expect(recorded.filter(({ kind }) => kind === 'stored')).toHaveLength(1);
  expect(recorded.flatMap(({ commands }) => commands)).toHaveLength(1);
  expect(registry.totals()).toMatchObject({ studyCount: 1, instanceCount: 1 });
});
