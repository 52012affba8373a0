/** What the embedded queue does when its file is damaged, replaced or locked, and when its processes die. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EmbeddedQueue, openEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import { TEST_LIMITS, eventually, names, pause } from './conformance.ts';
import { sampleJob, sampleOutcome } from './sample-jobs.ts';

let folder: string;
let path: string;
const opened: EmbeddedQueue[] = [];
const open = (limits = TEST_LIMITS): EmbeddedQueue => {
  const queue = openEmbeddedQueue(path, limits);
  opened.push(queue);
  return queue;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firstread-queue-'));
  path = join(folder, 'queue.sqlite');
});
afterEach(async () => {
  for (const queue of opened.splice(0)) await queue.close();
  await rm(folder, { recursive: true, force: true });
});

test('everything survives closing and opening again', async () => {
  const first = open();
  await first.add([sampleJob(1), sampleJob(2)]);
  await first.complete((await first.claim(1, 0))[0]!, sampleOutcome());
  await first.close();
  const second = open();
  expect(await second.counts()).toEqual({ waiting: 1, active: 0, delayed: 0, ended: 1 });
  expect(await second.ended(10)).toMatchObject([{ kind: 'completed', job: sampleJob(1) }]);
});

test.each([
  ['a file that is no database', () => writeFileSync(path, 'this is not a database, but it is quite long'.repeat(100))],
  [
    'a database of somebody else',
    () => {
      const other = new DatabaseSync(path);
      other.exec('CREATE TABLE job (something TEXT)');
      other.close();
    },
  ],
])('%s is put aside at opening, and an empty queue takes its place', async (_name, damage) => {
  damage();
  const queue = open();
  await queue.add([sampleJob(1)]);
  expect(names(await queue.claim(5, 0))).toEqual(['1']);
  expect(existsSync(`${path}.damaged`)).toBe(true);
});

test('pages damaged on disk are noticed at opening', async () => {
  const first = open();
  await first.add(Array.from({ length: 200 }, (_, index) => sampleJob(index)));
  await first.close();
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 4096, bytes.length - 4096);
  writeFileSync(path, bytes);
  const second = open();
  expect(await second.known([sampleJob(1).jobId])).toEqual(new Set());
  await second.add([sampleJob(1)]);
  expect(names(await second.claim(1, 0))).toEqual(['1']);
});

test('damaged under the feet of hub and worker: both go on with an empty queue, and reconcile can fill it', async () => {
  const [hub, worker] = [open(), open()];
  await hub.add(Array.from({ length: 300 }, (_, index) => sampleJob(index)));
  await worker.claim(1, 0);
  // Overwritten in place, as a careless restore would.
  writeFileSync(`${path}-wal`, '');
  writeFileSync(path, Buffer.alloc(statSync(path).size, 0x5a));

  await eventually(async () => {
    await hub.add([sampleJob(1), sampleJob(2)]).catch(() => {});
    const known = await hub.known([sampleJob(1).jobId, sampleJob(2).jobId]).catch(() => new Set());
    return known.size === 2 && hub.healthy();
  });
  const seen = new Set<string>();
  await eventually(async () => {
    for (const each of await worker.claim(8, 200)) {
      if ((await worker.complete(each, sampleOutcome())) === 'accepted') seen.add(names([each])[0]!);
    }
    return seen.has('1') && seen.has('2');
  });
  expect(existsSync(`${path}.damaged`)).toBe(true);
});

test('the file removed while in use: both processes meet again in the new one', async () => {
  const [hub, worker] = [open(), open()];
  await hub.add([sampleJob(1)]);
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  const waiting = worker.claim(1, 8_000);
  await eventually(async () => {
    await hub.add([sampleJob(2)]).catch(() => {});
    return existsSync(path) && (await hub.known([sampleJob(2).jobId])).size === 1;
  });
  await waiting;
  await eventually(async () => {
    await hub.add([sampleJob(3)]);
    return (await worker.claim(4, 100)).some((each) => names([each])[0] === '3');
  });
});

test('a process stopped with the lock in hand: others wait without blocking, then go on', async () => {
  const hub = open();
  const stopped = new DatabaseSync(path);
  stopped.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE');
  let added = false;
  const adding = hub.add([sampleJob(1)]).then(() => {
    added = true;
  });
  let turns = 0;
  for (; turns < 10; turns++) await pause(10);
  expect(added).toBe(false);
  // Reading goes on.
  expect((await hub.counts()).waiting).toBe(0);
  stopped.exec('ROLLBACK');
  stopped.close();
  await adding;
  expect((await hub.counts()).waiting).toBe(1);
});

test('the clock put back by an hour: a lost worker\'s image and a paused one do not wait for it to catch up', async () => {
  let nowMs = 10_000_000;
  const at = { now: () => nowMs };
  const [hub, worker] = [openEmbeddedQueue(path, TEST_LIMITS, at), openEmbeddedQueue(path, TEST_LIMITS, at)];
  opened.push(hub, worker);
  await hub.add([sampleJob(1), sampleJob(2)]);
  const claims = await worker.claim(2, 0);
  await worker.fail(claims[1]!, 'later');
  expect(await hub.claim(2, 0)).toEqual([]);
  nowMs -= 3_600_000;
  expect(names([...(await hub.claim(1, 0)), ...(await worker.claim(1, 0))]).sort()).toEqual(['1', '2']);
});

/** A worker process that claims, tells, and waits to be killed. */
const WORKER = fileURLToPath(new URL('./claiming-child.ts', import.meta.url));

test('a worker process killed with its images in hand: they run again, and the answers of one that was stopped are discarded', async () => {
  const hub = open({ ...TEST_LIMITS, leaseMs: 400 });
  await hub.add([sampleJob(1), sampleJob(2)]);
  const children = [1, 2].map(() => spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WORKER, path, '400'], { stdio: ['pipe', 'pipe', 'inherit'] }));
  const said = children.map((child) => {
    const lines: string[] = [];
    child.stdout.on('data', (piece: Buffer) => lines.push(...piece.toString().trim().split('\n')));
    return lines;
  });
  try {
    await eventually(async () => said.every((lines) => lines.length === 1));
    expect(said.map((lines) => lines[0]!).sort()).toEqual(['claimed 1', 'claimed 2']);
    children[0]!.kill('SIGKILL');
    children[1]!.kill('SIGSTOP');

    const redone = new Set<string>();
    await eventually(async () => {
      for (const each of await hub.claim(4, 100)) {
        expect(each.attempt).toBe(2);
        expect(await hub.complete(each, sampleOutcome('again'))).toBe('accepted');
        redone.add(names([each])[0]!);
      }
      return redone.size === 2;
    });
    children[1]!.kill('SIGCONT');
    children[1]!.stdin!.write('finish\n');
    await eventually(async () => said[1]!.includes('stale'));
    expect((await hub.ended(10)).map((end) => end.kind === 'completed' && end.outcome)).toEqual([sampleOutcome('again'), sampleOutcome('again')]);
  } finally {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const closed = once(child, 'close');
        child.kill('SIGKILL');
        await closed;
      }),
    );
  }
});
