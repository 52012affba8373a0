/** Habits over a real registry: read once, then only what came since; what is committed late is not missed. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDeviceBoard } from '../../src/hub/device-board.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { image, opened } from '../registry/registry-folder.ts';
import { NOW_MS, ORDINARY } from '../study/sample-studies.ts';

const MINUTE = 60_000;
let registry: Registry;
let asked: [number, number][];
let board: ReturnType<typeof createDeviceBoard>;
let count = 0;

beforeEach(() => {
  registry = opened();
  asked = [];
  board = createDeviceBoard({
    devices: (sinceMs) => registry.devices(sinceMs),
    arrivalsBetween: (fromMs, beforeMs) => (asked.push([fromMs, beforeMs]), registry.arrivalsBetween(fromMs, beforeMs)),
  });
});
afterEach(() => registry.close());

function receive(receivedAtMs: number): void {
  const one = image(`9.${(count += 1)}`, { studyInstanceUid: `8.${count}` });
  registry.recordInstance({ ...one, origin: { ...one.origin, receivedAtMs } }, ORDINARY, receivedAtMs);
}

test('every six minutes, then nothing', async () => {
  for (let at = 0; at < 12; at += 1) receive(NOW_MS - 180 * MINUTE + at * 6 * MINUTE);
  const [device] = await board(NOW_MS - 24 * 60 * MINUTE, NOW_MS);
  expect(device).toMatchObject({ callingAeTitle: 'ROOM1', usualGapMs: 6 * MINUTE, lastImageAtMs: NOW_MS - 114 * MINUTE, silent: true, recentInstanceCount: 12 });
  const first = asked.length;
  receive(NOW_MS + MINUTE);
  // Received before the last look, committed after it.
  receive(NOW_MS - 30_000);
  expect(await board(0, NOW_MS + 2 * MINUTE)).toMatchObject([{ lastImageAtMs: NOW_MS + MINUTE, silent: false }]);
  // A week once; afterwards one slice.
  expect(first).toBeGreaterThan(90);
  expect(asked.length - first).toBe(1);
});

test('two that ask at once share one reading', async () => {
  receive(NOW_MS - MINUTE);
  const [one, two] = await Promise.all([board(0, NOW_MS), board(0, NOW_MS)]);
  expect(one).toEqual(two);
  expect(new Set(asked.map(([from]) => from)).size).toBe(asked.length);
});
