import { expect, test } from 'vitest';
import { openFreeSpace } from '../../src/intake/free-space.ts';

const GIB = 1024 ** 3;

/** A disk whose answers are set by hand, and how often it was asked. */
async function open(floorBytes: number | undefined, freeBytes: number, totalBytes = 1000 * GIB) {
  const disk = { freeBytes, totalBytes, asked: 0, broken: false };
  let nowMs = 0;
  const space = await openFreeSpace('/data', { floorBytes, pollMs: 500 }, () => nowMs, async () => {
    disk.asked++;
    if (disk.broken) throw new Error('EIO');
    return { freeBytes: disk.freeBytes, totalBytes: disk.totalBytes };
  });
  return { disk, space, later: async (ms: number) => ((nowMs += ms), space.hasRoom(0), new Promise((resolve) => setTimeout(resolve, 0))) };
}

test('the default floor is 2 GiB or 2 % of the disk, whichever is more', async () => {
  expect((await open(undefined, 10, 50 * GIB)).space.facts().floorBytes).toBe(2 * GIB);
  expect((await open(undefined, 10, 1000 * GIB)).space.facts().floorBytes).toBe(20 * GIB);
});

test('what has been written counts before the disk is asked again', async () => {
  const { space, disk } = await open(100, 1000);
  space.spent(800);
  expect(space.hasRoom(100)).toBe(true);
  expect(space.hasRoom(101)).toBe(false);
  space.spent(101);
  expect(space.hasRoom(0)).toBe(false);
  expect(disk.asked).toBe(1);
});

test('the disk is asked at most once per interval, and then the truth replaces the prediction', async () => {
  const { space, disk, later } = await open(100, 1000);
  space.spent(950);
  for (let asks = 0; asks < 100; asks++) space.hasRoom(0);
  expect(disk.asked).toBe(1);
  disk.freeBytes = 700;
  await later(500);
  expect(disk.asked).toBe(2);
  expect(space.facts().freeBytes).toBe(700);
  expect(space.hasRoom(600)).toBe(true);
});

test('full, then room again: it recovers by itself', async () => {
  const { space, disk, later } = await open(100, 50);
  expect(space.hasRoom(0)).toBe(false);
  disk.freeBytes = 5000;
  expect(space.hasRoom(0)).toBe(false);
  await later(500);
  expect(space.hasRoom(0)).toBe(true);
});

test('a disk that cannot be asked keeps its last answer', async () => {
  const { space, disk, later } = await open(100, 1000);
  disk.broken = true;
  await later(500);
  expect(space.hasRoom(0)).toBe(true);
  disk.broken = false;
  disk.freeBytes = 10;
  await later(500);
  expect(space.hasRoom(0)).toBe(false);
});
