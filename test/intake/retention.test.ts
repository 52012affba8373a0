import { describe, expect, test } from 'vitest';
import { type RemovableFile, type RetentionParts, type RetentionRegistry, RETENTION_LIMITS, runRetention } from '../../src/intake/retention.ts';
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
    const due = [...this.removable.values()].filter((file) => file.leftAtMs < leftBeforeMs).sort((a, b) => a.leftAtMs - b.leftAtMs);
    const files = due.slice(0, limit);
    for (const { fileKey, folder } of files) {
      this.removable.delete(fileKey);
      if (folder === 'instances') this.removed.add(fileKey);
    }
    return { files, next: due.length > limit ? 'more' : undefined };
  }
  isStillRemovable({ folder, fileKey }: RemovableFile) {
    return folder === 'reports' || this.removed.has(fileKey);
  }
  markPictureRemoved(_studyInstanceUid: string, fileKey: string) {
    this.removed.add(fileKey);
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
    if (number % 2 === 1) rows.removable.set(fileKey, { folder: 'instances', fileKey, studyInstanceUid: uid, byteLength, leftAtMs: (80 + number) * DAY_MS });
  }
  const left = async (): Promise<number[]> => {
    const found = [];
    for await (const { fileKey } of bench.spool.keys('instances')) found.push(keys.indexOf(fileKey));
    return found.sort();
  };
  /** Numbers of the films whose previews went, in order. */
  const previewsGone: number[] = [];
  const troubled: number[] = [];
  const run = (over: Partial<RetentionParts> = {}) =>
    runRetention({
      registry: rows, spool: bench.spool, freeSpace: disk(() => 0), limits: RETENTION_LIMITS, now: () => NOW_MS, onRemoved: () => {},
      removePreview: async (fileKey) => void previewsGone.push(keys.indexOf(fileKey)),
      onTrouble: (fileKey) => troubled.push(keys.indexOf(fileKey)),
      ...over,
    });
  return { ...bench, fileSystem, rows, keys, left, previewsGone, troubled, run };
}

function disk(freeBytes: () => number) {
  const facts = () => ({ freeBytes: freeBytes(), totalBytes: 1000, floorBytes: 100 });
  return { facts, refresh: async () => facts() };
}
const FULL_OF_ROOM = disk(() => 1000);
const NO_PREVIEWS = async (): Promise<void> => {};

describe('retention', () => {
  test('by age: what was read before, and nothing else', async () => {
    const { left, run } = await tenImages();
    const journal: string[] = [];
    const limits = { ...RETENTION_LIMITS, keptDaysMax: 15, batchCount: 1 };
    await run({ freeSpace: FULL_OF_ROOM, limits, onRemoved: ({ studyInstanceUid, why }) => journal.push(`${studyInstanceUid} ${why}`) });
    // Days 81 and 83 are more than 15 before day 100, 85 is not.
    expect(journal).toEqual(['1.2.1 age', '1.2.3 age']);
    expect(await left()).toEqual([0, 2, 4, 5, 6, 7, 8, 9]);
  });

  test('by free space: the longest gone first, and only until there is room', async () => {
    const { left, run } = await tenImages();
    let removed = 0;
    const freeSpace = disk(() => 150 + 20 * removed);
    const limits = { ...RETENTION_LIMITS, keptDaysMax: undefined, batchCount: 1 };
    const removals = await run({ freeSpace, limits, onRemoved: () => removed++ });
    expect(removals.map((removal) => removal.why)).toEqual(['free-space', 'free-space', 'free-space']);
    expect(await left()).toEqual([0, 2, 4, 6, 7, 8, 9]);
  });

  test('what nobody has read stays on a full disk', async () => {
    const { left, run } = await tenImages();
    await run();
    expect(await left()).toEqual([0, 2, 4, 6, 8]);
  });

  test('a step that finds nothing is not the end of the walk', async () => {
    const { left, rows, run } = await tenImages();
    const taking = rows.takeRemovable.bind(rows);
    const asked: unknown[] = [];
    const registry: RetentionRegistry = Object.assign(Object.create(rows) as Rows, {
      takeRemovable(leftBeforeMs: number, limit: number, after: unknown) {
        asked.push(after);
        return after === undefined ? { files: [], next: 'behind the first' } : taking(leftBeforeMs, limit);
      },
    });
    await run({ registry, limits: { ...RETENTION_LIMITS, keptDaysMax: undefined } });
    expect(asked).toEqual([undefined, 'behind the first']);
    expect(await left()).toEqual([0, 2, 4, 6, 8]);
  });

  test('a file sent again after it was marked stays, and its preview', async () => {
    const { rows, left, keys, previewsGone, run } = await tenImages();
    const taking = rows.takeRemovable.bind(rows);
    rows.takeRemovable = (...asked) => {
      const taken = taking(...asked);
      rows.removed.delete(keys[3]!);
      return taken;
    };
    await run();
    expect(await left()).toEqual([0, 2, 3, 4, 6, 8]);
    expect(previewsGone).toEqual([1, 5, 7, 9]);
  });

  test('a preview goes before its film, and with each one: also where another film cannot be removed', async () => {
    const { left, fileSystem, keys, previewsGone, troubled, run } = await tenImages();
    const filmsLeftBefore: number[] = [];
    fileSystem.before = (operation, path) => {
      if (operation !== 'remove') return;
      if (path.includes(keys[5]!)) throw errnoError('EIO');
      filmsLeftBefore.push(previewsGone.length);
    };
    const removals = await run({ limits: { ...RETENTION_LIMITS, keptDaysMax: undefined, batchCount: 2 } });
    expect(removals.map(({ fileKey }) => keys.indexOf(fileKey))).toEqual([1, 3, 7, 9]);
    expect(troubled).toEqual([5]);
    expect(previewsGone).toEqual([1, 3, 5, 7, 9]);
    expect(filmsLeftBefore).toEqual([1, 2, 4, 5]);
    expect(await left()).toEqual([0, 2, 4, 5, 6, 8]);
  });

  test('a film whose preview cannot be removed waits for the sweep', async () => {
    const { left, keys, rows, spool, registrar, run } = await tenImages();
    await run({ removePreview: async (fileKey) => { if (fileKey === keys[3]) throw errnoError('EIO'); } });
    expect(await left()).toEqual([0, 2, 3, 4, 6, 8]);
    const previewsGone: number[] = [];
    await sweepSpool({ spool, standingOf: (fileKey) => (rows.removed.has(fileKey) ? 'removed' : 'kept'), registrar, removePreview: async (key) => void previewsGone.push(keys.indexOf(key)), now: () => NOW_MS, onTrouble: (_key, error) => { throw error; } });
    expect(previewsGone).toEqual([3]);
    expect(await left()).toEqual([0, 2, 4, 6, 8]);
  });

  test('a picture of ours is marked when its file is gone for good, and not before', async () => {
    const { rows, spool, fileSystem, run } = await tenImages();
    const [whole, stuck, back] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)];
    for (const fileKey of [whole, stuck, back]) {
      await spool.put('reports', fileKey, Buffer.from('a picture'));
      rows.removable.set(fileKey, { folder: 'reports', fileKey, studyInstanceUid: '1.2.1', byteLength: 9, leftAtMs: 0 });
    }
    fileSystem.before = (operation, path) => {
      if (operation === 'remove' && path.includes(stuck)) throw errnoError('EIO');
    };
    const synced = () => fileSystem.journal.filter(({ operation, path }) => operation === 'syncDirectory' && path.endsWith('reports/aa')).length;
    const [syncedBefore, marked] = [synced(), [] as number[]];
    rows.markPictureRemoved = (_uid, fileKey) => {
      rows.removed.add(fileKey);
      marked.push(synced() - syncedBefore);
    };
    rows.isStillRemovable = ({ fileKey }) => fileKey !== back;
    await run({ limits: { ...RETENTION_LIMITS, keptDaysMax: undefined } });
    expect([...rows.removed].filter((key) => [whole, stuck, back].includes(key))).toEqual([whole]);
    expect(marked).toEqual([1]);
    expect(await Promise.all([whole, stuck, back].map(async (key) => (await fileSystem.facts(spool.path('reports', key))) !== undefined))).toEqual([false, true, true]);
  });

  test('told to stop, it finishes what is marked and begins nothing more', async () => {
    const { rows, left, run } = await tenImages();
    const stopping = new AbortController();
    const removals = await run({ signal: stopping.signal, limits: { ...RETENTION_LIMITS, batchCount: 2 }, onRemoved: () => stopping.abort() });
    expect(removals).toHaveLength(2);
    expect(rows.removed.size).toBe(2);
    expect(await left()).toHaveLength(8);
  });

  test('killed between mark and removal: the next start finishes it off', async () => {
    const { spool, rows, left, fileSystem, keys, registrar, run } = await tenImages();
    fileSystem.before = (operation) => {
      if (operation === 'remove') throw errnoError('EIO');
    };
    await expect(run({ limits: { ...RETENTION_LIMITS, keptDaysMax: undefined } })).rejects.toThrow();
    fileSystem.before = () => {};
    expect(await left()).toHaveLength(10);
    const report = await sweepSpool({ spool, standingOf: (fileKey) => (rows.removed.has(fileKey) ? 'removed' : 'kept'), registrar, removePreview: NO_PREVIEWS, now: () => NOW_MS, onTrouble: (_key, error) => { throw error; } });
    expect(report.finishedOff.map((key) => keys.indexOf(key)).sort()).toEqual([1, 3, 5, 7, 9]);
    expect(await left()).toEqual([0, 2, 4, 6, 8]);
  });
});

describe('sweep', () => {
  const standingIn = (registrar: MemoryRegistrar) => (fileKey: string) => ([...registrar.rows.values()].some((row) => row.fileKey === fileKey) ? ('kept' as const) : ('unknown' as const));

  test('a registry restored from nothing knows every image again, whole', async () => {
    const { spool, registrar, left } = await tenImages();
    const empty = new MemoryRegistrar();
    const report = await sweepSpool({ spool, standingOf: standingIn(empty), registrar: empty, removePreview: NO_PREVIEWS, now: () => NOW_MS, onTrouble: (_key, error) => { throw error; } });
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
    const report = await sweepSpool({ spool, standingOf: standingIn(empty), registrar: empty, removePreview: NO_PREVIEWS, now: () => 59_000, onTrouble: () => {} });
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
    const report = await sweepSpool({ spool, standingOf: standingIn(empty), registrar: empty, removePreview: NO_PREVIEWS, now: () => NOW_MS, onTrouble: (key) => troubled.push(key) });
    expect(troubled).toEqual([torn]);
    expect(report.adopted).toHaveLength(9);
    expect(await fileSystem.facts(spool.path('instances', torn!))).toBeDefined();
  });
});
