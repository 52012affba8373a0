import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { ContentHasher } from '../../src/intake/content-hash.ts';
import { startHashThreads } from '../../src/intake/hash-threads.ts';
import { openBench, sendObject } from './intake-bench.ts';
import { sampleDataSet, storeRequest } from './sample-object.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
let hasher: ContentHasher | undefined;
afterEach(() => hasher?.close());

test('many objects at once, each with its own hash; chunks are used again without mixing', async () => {
  hasher = startHashThreads(2);
  const root = await mkdtemp(join(tmpdir(), 'firstread-hash-'));
  const { sink, registrar, spool } = await openBench(root, undefined, { hasher, limits: { chunkBytes: 8192 } });
  const sets = Array.from({ length: 12 }, (_, index) => sampleDataSet({ sopInstanceUid: `1.2.${index}`, pixelBytes: 150_000 + 4444 * index, fill: index }));
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(sets.map((set, index) => sendObject(sink, set, storeRequest(`1.2.${index}`), 5000)));
    expect(answers.every((answer) => answer.status === 0)).toBe(true);
  }
  expect([...registrar.rows.values()].map((row) => row.contentSha256).sort()).toEqual(sets.map(sha256).sort());
  for (const row of registrar.rows.values()) expect(await spool.contentHash('instances', row.fileKey)).toBe(row.contentSha256);
  await rm(root, { recursive: true, force: true });
});

test('threads that end fail what they were hashing, and the next object gets new ones', async () => {
  hasher = startHashThreads(1);
  const lost = hasher.begin();
  const bytes = hasher.allocate(4096).fill(9);
  await lost.update(bytes);
  await hasher.close();
  await expect(lost.digest()).rejects.toMatchObject({ code: 'storage-failed' });
  const next = hasher.begin();
  await next.update(bytes);
  expect(await next.digest()).toBe(sha256(bytes));
});

test('an object that is given up leaves the others alone', async () => {
  hasher = startHashThreads(1);
  const [first, second] = [hasher.begin(), hasher.begin()];
  const bytes = hasher.allocate(1000).fill(3);
  await Promise.all([first.update(bytes), second.update(bytes)]);
  first.drop();
  await second.update(bytes.subarray(0, 10));
  expect(await second.digest()).toBe(sha256(Buffer.concat([bytes, bytes.subarray(0, 10)])));
});
