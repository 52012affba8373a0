import { describe, expect, test } from 'vitest';
import { type RemovableFile, type RetentionRegistry, RETENTION_LIMITS, runRetention } from '../../src/intake/retention.ts';
import { sweepSpool } from '../../src/intake/sweep.ts';
import { createFaultyFileSystem, errnoError } from './faulty-file-system.ts';
import { MemoryRegistrar, openBench, sendObject } from './intake-bench.ts';
import { sampleDataSet, storeRequest } from './sample-object.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 100 * DAY_MS;

/** Rows as the registry has them: what may go, and what has been marked. */
class Rows implements RetentionRegistry {
  readonly removable = new Map<string, RemovableFile>();
  readonly removed = new Set<string>();

  takeRemovable(leftBeforeMs: number, limit: number) {
    const taken = [...this.removable.values()].filter((file) => file.leftAtMs < leftBeforeMs).sort((a, b) => a.leftAtMs - b.leftAtMs).slice(0, limit);
    for (const { fileKey } of taken) {
      this.removable.delete(fileKey);
      this.removed.add(fileKey);
    }
    return taken;
  }
  isRemoved(fileKey: string) {
    return this.removed.has(fileKey);
  }
}

/** Ten images; those of odd number have been read, number n at day 80 + n. */
async function tenImages() {
  const fileSystem = createFaultyFileSystem();
  const bench = await openBench('/data/spool', fileSystem);
  const rows = new Rows();
  const keys: string[] = [];
  for (let number = 0; number < 10; number++) {
    const uid = `1.2.${number}`;
    await sendObject(bench.sink, sampleDataSet({ sopInstanceUid: uid }), storeRequest(uid));
    const { fileKey, byteLength } = [...bench.registrar.rows.values()].at(-1)!;
    keys.push(fileKey);
    if (number % 2 === 1) rows.removable.set(fileKey, { fileKey, studyInstanceUid: uid, byteLength, leftAtMs: (80 + number) * DAY_MS });
  }
  const left = async (): Promise<number[]> => {
    const found = [];
    for await (const { fileKey } of bench.spool.keys('instances')) found.push(keys.indexOf(fileKey));
    return found.sort();
  };
  return { ...bench, fileSystem, rows, keys, left };
}

function disk(freeBytes: () => number) {
  const facts = () => ({ freeBytes: freeBytes(), totalBytes: 1000, floorBytes: 100 });
  return { facts, refresh: async () => facts() };
}
const FULL_OF_ROOM = disk(() => 1000);

describe('retention', () => {
  test('by age: what was read before, and nothing else', async () => {
    const { spool, rows, left } = await tenImages();
    const journal: string[] = [];
    const limits = { ...RETENTION_LIMITS, keptDaysMax: 15, batchCount: 1 };
    await runRetention({ registry: rows, spool, freeSpace: FULL_OF_ROOM, limits, now: () => NOW_MS, onRemoved: ({ studyInstanceUid, why }) => journal.push(`${studyInstanceUid} ${why}`) });
    // Days 81 and 83 are more than 15 before day 100, 85 is not.
    expect(journal).toEqual(['1.2.1 age', '1.2.3 age']);
    expect(await left()).toEqual([0, 2, 4, 5, 6, 7, 8, 9]);
  });

  test('by free space: the longest gone first, and only until there is room', async () => {
    const { spool, rows, left } = await tenImages();
    let removed = 0;
    const freeSpace = disk(() => 150 + 20 * removed);
    const limits = { ...RETENTION_LIMITS, keptDaysMax: undefined, batchCount: 1 };
    const removals = await runRetention({ registry: rows, spool, freeSpace, limits, now: () => NOW_MS, onRemoved: () => removed++ });
    expect(removals.map((removal) => removal.why)).toEqual(['free-space', 'free-space', 'free-space']);
    expect(await left()).toEqual([0, 2, 4, 6, 7, 8, 9]);
  });

  test('what nobody has read stays on a full disk', async () => {
    const { spool, rows, left } = await tenImages();
    await runRetention({ registry: rows, spool, freeSpace: disk(() => 0), limits: RETENTION_LIMITS, now: () => NOW_MS, onRemoved: () => {} });
    expect(await left()).toEqual([0, 2, 4, 6, 8]);
  });

  test('a file sent again after it was marked stays', async () => {
    const { spool, rows, left, keys } = await tenImages();
    const taking = rows.takeRemovable.bind(rows);
    rows.takeRemovable = (...asked) => {
      const taken = taking(...asked);
      rows.removed.delete(keys[3]!);
      return taken;
    };
    await runRetention({ registry: rows, spool, freeSpace: disk(() => 0), limits: RETENTION_LIMITS, now: () => NOW_MS, onRemoved: () => {} });
    expect(await left()).toEqual([0, 2, 3, 4, 6, 8]);
  });

  test('killed between mark and removal: the next start finishes it off', async () => {
    const { spool, rows, left, fileSystem, keys, registrar } = await tenImages();
    fileSystem.before = (operation) => {
      if (operation === 'remove') throw errnoError('EIO');
    };
    const limits = { ...RETENTION_LIMITS, keptDaysMax: undefined };
    await expect(runRetention({ registry: rows, spool, freeSpace: disk(() => 0), limits, now: () => NOW_MS, onRemoved: () => {} })).rejects.toThrow();
    fileSystem.before = () => {};
    expect(await left()).toHaveLength(10);
    const report = await sweepSpool({ spool, standingOf: (fileKey) => (rows.removed.has(fileKey) ? 'removed' : 'kept'), registrar, now: () => NOW_MS, onTrouble: (_key, error) => { throw error; } });
    expect(report.finishedOff.map((key) => keys.indexOf(key)).sort()).toEqual([1, 3, 5, 7, 9]);
    expect(await left()).toEqual([0, 2, 4, 6, 8]);
  });
});

describe('sweep', () => {
  const standingIn = (registrar: MemoryRegistrar) => (fileKey: string) => ([...registrar.rows.values()].some((row) => row.fileKey === fileKey) ? ('kept' as const) : ('unknown' as const));

  test('a registry restored from nothing knows every image again, whole', async () => {
    const { spool, registrar, left } = await tenImages();
    const empty = new MemoryRegistrar();
    const report = await sweepSpool({ spool, standingOf: standingIn(empty), registrar: empty, now: () => NOW_MS, onTrouble: (_key, error) => { throw error; } });
    expect(report).toMatchObject({ fileCount: 10, troubled: [] });
    expect(report.adopted).toHaveLength(10);
    const facts = (each: MemoryRegistrar) =>
      [...each.rows.values()].map(({ header, contentSha256, fileKey, byteLength, origin }) => ({ header, contentSha256, fileKey, byteLength, from: origin.callingAeTitle })).sort((a, b) => a.fileKey.localeCompare(b.fileKey));
    expect(facts(empty)).toEqual(facts(registrar));
    expect(await left()).toHaveLength(10);
  });

  test('files that may be about to be recorded are left alone', async () => {
    const { spool } = await tenImages();
    const empty = new MemoryRegistrar();
    const report = await sweepSpool({ spool, standingOf: standingIn(empty), registrar: empty, now: () => 59_000, onTrouble: () => {} });
    expect(report.adopted).toEqual([]);
    expect(empty.rows.size).toBe(0);
  });

  test('a file that is not what its name says is told and left, the others are adopted', async () => {
    const { spool, fileSystem, keys } = await tenImages();
    const [torn] = keys;
    await fileSystem.remove(spool.path('instances', torn!));
    const file = await fileSystem.create(spool.path('instances', torn!));
    await file.append(Buffer.from('not what it was'));
    const troubled: string[] = [];
    const empty = new MemoryRegistrar();
    const report = await sweepSpool({ spool, standingOf: standingIn(empty), registrar: empty, now: () => NOW_MS, onTrouble: (key) => troubled.push(key) });
    expect(troubled).toEqual([torn]);
    expect(report.adopted).toHaveLength(9);
    expect(await fileSystem.facts(spool.path('instances', torn!))).toBeDefined();
  });
});
