import { afterAll, describe, expect, test } from 'vitest';
import { writeImage } from '../../fixtures/encode-pixels.ts';
import { createDecodePool } from '../../src/inference/decode-pool.ts';
import { TEST_INSTANCE, testPicture } from './test-picture.ts';

const small = writeImage(TEST_INSTANCE, testPicture(64, 64, 12), '1.2.840.10008.1.2.4.70');
/** Some hundred milliseconds of JPEG 2000. */
const slow = writeImage(TEST_INSTANCE, testPicture(1600, 1600, 16), '1.2.840.10008.1.2.4.90');
const page = new TextEncoder().encode('<html></html>'.repeat(20));

describe('a pool of two', () => {
  const pool = createDecodePool({ threads: 2, deadlineMs: 30_000, decode: { keepStored: true } });
  afterAll(() => pool.close());

  test('decodes, and rejects with the code of what is wrong', async () => {
    const outcomes = await Promise.allSettled([pool.decode(small), pool.decode(page), pool.decode(small), pool.decode(small)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ name: 'FirstreadError', code: 'not-dicom' });
    const decoded = (outcomes[0] as PromiseFulfilledResult<Awaited<ReturnType<typeof pool.decode>>>).value;
    expect(decoded.image).toMatchObject({ width: 64, height: 64, maxValue: 4095 });
    expect(Array.from(decoded.stored!.values)).toEqual(Array.from(testPicture(64, 64, 12).values));
    expect(pool.counts()).toEqual({ busy: 0, waiting: 0, replaced: 0 });
  });

  test('the caller keeps its bytes', async () => {
    const mine = small.slice();
    await pool.decode(mine);
    expect(mine.length).toBe(small.length);
  });
});

test('a pool that takes the bytes moves them; a part of a larger buffer is copied', async () => {
  const pool = createDecodePool({ threads: 1, deadlineMs: 30_000, takesBytes: true });
  const whole = small.slice();
  expect((await pool.decode(whole)).image.width).toBe(64);
  expect(whole.length).toBe(0);
  const larger = new Uint8Array(small.length + 8);
  larger.set(small, 8);
  const part = larger.subarray(8);
  expect((await pool.decode(part)).image.width).toBe(64);
  expect(part.length).toBe(small.length);
  await pool.close();
});

test('a picture past its deadline is ended, and the next one is decoded by a new thread', async () => {
  const pool = createDecodePool({ threads: 1, deadlineMs: 5 });
  const late = pool.decode(slow);
  const lateToo = pool.decode(slow);
  await expect(late).rejects.toMatchObject({ code: 'decode-timeout' });
  await expect(lateToo).rejects.toMatchObject({ code: 'decode-timeout' });
  expect(pool.counts().replaced).toBe(2);
  await pool.close();
});

test('cancelled: waiting ones leave the line, a running one is ended', async () => {
  const pool = createDecodePool({ threads: 1, deadlineMs: 30_000 });
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = pool.decode(slow, running.signal);
  const second = pool.decode(small, waiting.signal);
  const third = pool.decode(small);
  waiting.abort(new Error('not needed'));
  await expect(second).rejects.toThrow('not needed');
  running.abort(new Error('shutting down'));
  await expect(first).rejects.toThrow('shutting down');
  expect((await third).image.width).toBe(64);
  await expect(pool.decode(small, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  await pool.close();
});

test('the line has an end', async () => {
  const pool = createDecodePool({ threads: 1, deadlineMs: 30_000, waitingMax: 1 });
  const taken = [pool.decode(small), pool.decode(small)];
  await expect(pool.decode(small)).rejects.toMatchObject({ code: 'pictures-busy' });
  await Promise.all(taken);
  await pool.close();
});

test('closing ends what is under way', async () => {
  const pool = createDecodePool({ threads: 1, deadlineMs: 30_000 });
  const outcomes = Promise.allSettled([pool.decode(slow), pool.decode(small)]);
  await pool.close();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(pool.decode(small)).rejects.toMatchObject({ code: 'decode-timeout' });
});
