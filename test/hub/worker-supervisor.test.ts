/** The supervisor over small scripts that stand for workers: which end, hang, or cannot be started at all. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startWorkers } from '../../src/hub/worker-supervisor.ts';
import type { WorkerSupervisor } from '../../src/hub/worker-supervisor.ts';

const folder = mkdtempSync(join(tmpdir(), 'firstread-supervisor-'));
let workers: WorkerSupervisor | undefined;
const readyCounts: number[] = [];

function supervise(script: string, tickMs = 1_000): WorkerSupervisor {
  const entry = join(folder, `worker-${readyCounts.length}-${script.length}.mjs`);
  writeFileSync(entry, script);
  workers = startWorkers({ count: 1, entry, variable: 'WORKER_UNDER_TEST', workerOptions: {}, tickMs, onMessage: () => undefined, onExit: () => undefined, onReadyCount: (count) => readyCounts.push(count) });
  return workers;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(5);
}

afterEach(async () => {
  await workers?.stop(100);
});

test('a worker that hangs is not counted as ready, then ended and replaced', async () => {
  const hanging = supervise("process.send({ type: 'ready' }); setTimeout(() => {}, 1e9);", 3);
  await until(() => hanging.readyCount() === 1);
  const [first] = hanging.pids();
  await until(() => hanging.readyCount() === 0);
  await until(() => hanging.pids()[0] !== undefined && hanging.pids()[0] !== first);
  expect(() => process.kill(first as number, 0)).toThrow();
});

test('a worker that ends is started again', async () => {
  const mortal = supervise("process.on('message', ({ type }) => process.exit(type === 'stop' ? 0 : 3)); process.send({ type: 'ready' });");
  await until(() => mortal.readyCount() === 1);
  const [first] = mortal.pids();
  mortal.wake();
  await until(() => mortal.pids()[0] !== undefined && mortal.pids()[0] !== first);
  await until(() => mortal.readyCount() === 1);
});

test('a worker that cannot be started leaves the hub alive, with the reason', async () => {
  const nowhere = startWorkers({ count: 1, entry: join(folder, 'x'.repeat(200)), variable: 'X\u0000', workerOptions: {}, onMessage: () => undefined, onExit: () => undefined });
  workers = nowhere;
  await until(() => nowhere.lastProblem() !== undefined);
  expect(nowhere.readyCount()).toBe(0);
});
