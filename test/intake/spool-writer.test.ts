import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SPOOL_LIMITS, createSpool } from '../../src/intake/spool.ts';
import { createFaultyFileSystem, errnoError } from './faulty-file-system.ts';
import { openBench, sendObject } from './intake-bench.ts';
import { sampleDataSet, storeRequest } from './sample-object.ts';

const ROOT = '/data/spool';
const CHUNK = 4096;
const META = new Uint8Array(344);

async function openWriter() {
  const fileSystem = createFaultyFileSystem();
  const spool = await createSpool(ROOT, fileSystem, { ...SPOOL_LIMITS, chunkBytes: CHUNK });
  return { fileSystem, spool };
}

test('a disk that stands still: two chunks are taken, then the sender waits; it goes on when the disk does', async () => {
  const { fileSystem, spool } = await openWriter();
  let goOn = (): void => {};
  const standstill = new Promise<void>((resolve) => (goOn = resolve));
  fileSystem.before = (operation) => (operation === 'append' ? standstill : undefined);
  const writer = spool.begin(META);

  let taken = 0;
  let waiting: Promise<void> | void = undefined;
  while (waiting === undefined && taken < 100 * CHUNK) {
    waiting = writer.write(new Uint8Array(500));
    taken += 500;
    await new Promise((resolve) => setImmediate(resolve));
  }
  // One chunk is being written, one is full; the fragment that found no room is held by its sender.
  expect(taken - 500).toBeLessThanOrEqual(2 * CHUNK);
  expect(taken).toBeGreaterThan(CHUNK);
  let went = false;
  void waiting!.then(() => (went = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(went).toBe(false);
  goOn();
  await waiting;
  await writer.flush();
  expect(fileSystem.journal.filter(({ operation }) => operation === 'append').length).toBe(Math.ceil((taken + META.byteLength) / CHUNK));
  await spool.discard(writer);
});

test('small fragments do not become small writes, and none of them waits while the disk keeps up', async () => {
  const { fileSystem, spool } = await openWriter();
  const writer = spool.begin(META);
  for (let count = 0; count < 300; count++) {
    expect(writer.write(new Uint8Array(100))).toBeUndefined();
    if (count % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await writer.flush();
  expect(fileSystem.journal.filter(({ operation }) => operation === 'append').length).toBe(Math.ceil((300 * 100 + META.byteLength) / CHUNK));
  await spool.discard(writer);
});

test('long objects are synced on the way; an early sync that fails is the end of the object, though the last one is called good', async () => {
  const fileSystem = createFaultyFileSystem();
  const spool = await createSpool(ROOT, fileSystem, { ...SPOOL_LIMITS, chunkBytes: CHUNK, earlySyncBytes: 2 * CHUNK });
  const syncs = (): number => fileSystem.journal.filter(({ operation }) => operation === 'sync').length;
  for (const failing of [false, true]) {
    const before = syncs();
    let failed = false;
    fileSystem.before = (operation) => {
      if (operation !== 'sync' || !failing || failed) return;
      failed = true;
      throw errnoError('EIO');
    };
    const writer = spool.begin(META);
    for (let count = 0; count < 12; count++) await writer.write(new Uint8Array(CHUNK));
    const ending = writer.flush().then(() => writer.sync());
    if (failing) await expect(ending).rejects.toMatchObject({ code: 'storage-failed' });
    else await ending;
    if (!failing) expect(syncs() - before).toBeGreaterThan(3);
    await spool.discard(writer);
  }
});

test('after a failed write the rest of the object is dropped at once: no waiting, no more writing', async () => {
  const { fileSystem, spool } = await openWriter();
  fileSystem.before = (operation) => {
    if (operation === 'append') throw errnoError('ENOSPC');
  };
  const writer = spool.begin(META);
  await writer.write(new Uint8Array(3 * CHUNK));
  await new Promise((resolve) => setTimeout(resolve, 10));
  const before = fileSystem.journal.length;
  for (let count = 0; count < 100; count++) expect(writer.write(new Uint8Array(CHUNK))).toBeUndefined();
  await expect(writer.flush()).rejects.toMatchObject({ code: 'storage-full' });
  expect(fileSystem.journal.length).toBe(before);
  await spool.discard(writer);
});

test('what one object costs: one create, one fsync, one rename, one directory fsync', async () => {
  const fileSystem = createFaultyFileSystem();
  const { sink } = await openBench(ROOT, fileSystem, { limits: { chunkBytes: 65_536 } });
  const opened = fileSystem.journal.length;
  await sendObject(sink, sampleDataSet({ pixelBytes: 150_000 }), storeRequest());
  const counts: Record<string, number> = {};
  for (const { operation } of fileSystem.journal.slice(opened)) counts[operation] = (counts[operation] ?? 0) + 1;
  expect(counts).toEqual({ create: 1, append: 3, sync: 1, facts: 1, rename: 1, syncDirectory: 1 });
});

test('reports: put durably, replaced by equal keys, read back; instances and reports do not mix', async () => {
  const { fileSystem, spool } = await openWriter();
  const fileKey = 'a'.repeat(64);
  await spool.put('reports', fileKey, Buffer.from('first'));
  await spool.put('reports', fileKey, Buffer.from('second'));
  expect(Buffer.from(await spool.read('reports', fileKey)).toString()).toBe('second');
  await expect(spool.read('instances', fileKey)).rejects.toMatchObject({ code: 'instance-missing' });
  const after = await createSpool(ROOT, fileSystem.afterPowerCut(Math.random));
  expect(Buffer.from(await after.read('reports', fileKey)).toString()).toBe('second');
});

test('only file keys become paths', async () => {
  const { spool } = await openWriter();
  for (const name of ['../../etc/passwd', '', 'A'.repeat(64), `${'a'.repeat(64)}/..`]) {
    expect(() => spool.path('instances', name)).toThrow('not a file key');
  }
});

test('many objects at once on a real disk: each with its own hash, chunks and early syncs do not mix', async () => {
  const root = await mkdtemp(join(tmpdir(), 'firstread-writer-'));
  const { sink, registrar, spool } = await openBench(root, undefined, { limits: { chunkBytes: 8192, earlySyncBytes: 32_768 } });
  const sets = Array.from({ length: 12 }, (_, index) => sampleDataSet({ sopInstanceUid: `1.2.${index}`, pixelBytes: 150_000 + 4444 * index, fill: index }));
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(sets.map((set, index) => sendObject(sink, set, storeRequest(`1.2.${index}`), 5000)));
    expect(answers.every((answer) => answer.status === 0)).toBe(true);
  }
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  expect([...registrar.rows.values()].map((row) => row.contentSha256).sort()).toEqual(sets.map(sha256).sort());
  for (const row of registrar.rows.values()) expect(await spool.contentHash('instances', row.fileKey)).toBe(row.contentSha256);
  await rm(root, { recursive: true, force: true });
});
