/** The checkpoint thread: moves the log while the registry is open, and leaves the file alone once it is closed. */
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AT_WORK, CLOSED, createCheckpointer, sharedState } from '../../src/registry/checkpointer.ts';
import { NOW_MS } from '../study/sample-studies.ts';
import { image, opened, registryPath } from './registry-folder.ts';

const ORDINARY = { stat: false, inpatient: false };
/** Longer than a thread takes to start on a busy machine, within reason. */
const LATE_MS = 1_500;

test('the log is moved into the main file while the registry is open', async () => {
  const path = registryPath();
  const registry = opened(path);
  const before = statSync(path).size;
  for (let n = 0; n < 70; n += 1) registry.recordInstance(image(`1.${n}`), ORDINARY, NOW_MS);
  await expect.poll(() => statSync(path).size).toBeGreaterThan(before);
});

test('closed while the thread is still starting: the file does not come back where it was moved from', async () => {
  const path = registryPath();
  const registry = opened(path);
  for (let n = 0; n < 70; n += 1) registry.recordInstance(image(`1.${n}`), ORDINARY, NOW_MS);
  registry.close();
  const folder = dirname(path);
  renameSync(folder, `${folder}.moved`);
  mkdirSync(folder);
  await sleep(LATE_MS);
  const come = readdirSync(folder);
  const left = readdirSync(`${folder}.moved`);
  rmSync(`${folder}.moved`, { recursive: true });
  expect({ come, left }).toEqual({ come: [], left: ['registry.sqlite'] });
});

test('moved away while it is open: no empty file takes its place', async () => {
  const path = registryPath();
  const registry = opened(path);
  renameSync(path, `${path}.moved`);
  for (let n = 0; n < 70; n += 1) registry.recordInstance(image(`1.${n}`), ORDINARY, NOW_MS);
  await sleep(LATE_MS);
  expect(existsSync(path)).toBe(false);
});

test('closed in the midst of checkpoints, again and again: no log is left beside the file', () => {
  const path = registryPath();
  for (let round = 0; round < 6; round += 1) {
    const registry = opened(path);
    for (let n = 0; n < 130 + round; n += 1) registry.recordInstance(image(`1.${round}.${n}`), ORDINARY, NOW_MS);
    registry.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  }
});

test('closed while a checkpoint hangs: the ones that wait behind it do not begin, whatever lies at the path by then', async () => {
  const path = registryPath();
  // Locked by another: each checkpoint waits a second for it.
  const holder = new DatabaseSync(path);
  holder.exec('CREATE TABLE t (x); BEGIN EXCLUSIVE');
  const state = sharedState();
  const checkpointer = createCheckpointer(path, { closeWaitMs: 20, state });
  for (let n = 0; n < 640; n += 1) checkpointer.committed();
  // At work, and with the old file open: one that had yet to open it would open the new one.
  await expect.poll(() => Atomics.load(state, 0) === AT_WORK && openCount(path) > 1, { interval: 5, timeout: 60_000 }).toBe(true);
  checkpointer.close();
  expect(Atomics.load(state, 0)).toBe(CLOSED);

  renameSync(path, `${path}.moved`);
  const another = new DatabaseSync(path);
  another.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(1000000))');
  const before = statSync(path).size;
  await sleep(2 * LATE_MS);
  expect({ state: Atomics.load(state, 0), size: statSync(path).size }).toEqual({ state: CLOSED, size: before });
  another.close();
  holder.close();
});

/** Of this process. */
function openCount(path: string): number {
  const target = (fd: string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  };
  return readdirSync('/proc/self/fd').filter((fd) => target(fd) === path).length;
}
