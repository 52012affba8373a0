/**
 * What every adapter of the queue must do. Run by embedded-queue.test.ts and bullmq-queue.test.ts.
 * Leases and pauses are short so that waiting for them is; no assertion is about how fast anything is.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClaimedJob, JobQueue, JobSource, QueueLimits } from '../../src/queue/job-queue.ts';
import { sampleJob, sampleOutcome } from './sample-jobs.ts';

export const TEST_LIMITS: QueueLimits = { leaseMs: 1_200, maxAttempts: 3, backoffMs: [30, 60] };
/** Longer than a lease and the checks that notice its end. */
const PATIENCE_MS = 10_000;

export interface QueueUnderTest {
  readonly hub: JobQueue;
  /** A worker process of its own, as far as the queue can tell. */
  openSource(): JobSource;
  close(): Promise<void>;
}

export const names = (claims: readonly ClaimedJob[]): string[] => claims.map((claim) => claim.job.studyInstanceUid.replace('1.2.', ''));
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (const untilMs = performance.now() + PATIENCE_MS; ; ) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > untilMs) throw new Error('it never happened');
    await pause(10);
  }
}

export function describeConformance(adapter: string, open: () => Promise<QueueUnderTest>): void {
  describe(`${adapter}: conformance`, () => {
    let under: QueueUnderTest;
    let hub: JobQueue;
    let source: JobSource;
    beforeEach(async () => {
      under = await open();
      hub = under.hub;
      source = under.openSource();
    });
    afterEach(() => under.close());

    const claim = (max = 1, from = source): Promise<readonly ClaimedJob[]> => from.claim(max, PATIENCE_MS);

    test('a job goes to a worker whole, and its answer comes back whole', async () => {
      const job = sampleJob(1, { compareWithFileKey: 'f'.repeat(64) });
      await hub.add([job]);
      const [claimed] = await claim();
      expect(claimed!.job).toEqual(job);
      expect(claimed!.attempt).toBe(1);
      expect(await source.complete(claimed!, sampleOutcome('NGUYỄN'))).toBe('accepted');
      expect(await hub.ended(10)).toEqual([{ kind: 'completed', job, outcome: sampleOutcome('NGUYỄN') }]);
    });

    test('adding twice is adding once, whether waiting, active or ended', async () => {
      await hub.add([sampleJob(1), sampleJob(1)]);
      await hub.add([sampleJob(1)]);
      expect((await hub.counts()).waiting).toBe(1);
      const [claimed] = await claim(5);
      await hub.add([sampleJob(1)]);
      expect(await source.claim(5, 50)).toEqual([]);
      await source.complete(claimed!, sampleOutcome());
      await hub.add([sampleJob(1)]);
      expect(await source.claim(5, 50)).toEqual([]);
      expect(await hub.counts()).toEqual({ waiting: 0, active: 0, delayed: 0, ended: 1 });
    });

    test('STAT first, then oldest first', async () => {
      await hub.add([sampleJob(5), sampleJob(3), sampleJob(9, { rank: 20 }), sampleJob(7, { rank: 0 })]);
      await hub.add([sampleJob(6), sampleJob(8, { rank: 0 })]);
      expect(names(await claim(10))).toEqual(['7', '8', '3', '5', '6', '9']);
    });

    test('a waiting job added again with a better rank moves forward, with a worse one it stays', async () => {
      await hub.add([sampleJob(1), sampleJob(2)]);
      await hub.add([sampleJob(2, { rank: 0 }), sampleJob(1, { rank: 20 })]);
      await hub.add([sampleJob(3, { rank: 15 })]);
      expect(names(await claim(10))).toEqual(['2', '1', '3']);
    });

    test('a batch is what waits, up to max, and never more', async () => {
      await hub.add(Array.from({ length: 20 }, (_, index) => sampleJob(index)));
      expect(await claim(8)).toHaveLength(8);
      expect(await claim(32)).toHaveLength(12);
      expect(await source.claim(8, 30)).toEqual([]);
    });

    test('two workers never get the same job', async () => {
      const other = under.openSource();
      await hub.add(Array.from({ length: 60 }, (_, index) => sampleJob(index)));
      const taken: string[] = [];
      await Promise.all(
        [source, other].map(async (each) => {
          for (;;) {
            const claims = await each.claim(4, 300);
            if (claims.length === 0) return;
            taken.push(...names(claims));
            for (const claimed of claims) expect(await each.complete(claimed, sampleOutcome())).toBe('accepted');
          }
        }),
      );
      expect(taken).toHaveLength(60);
      expect(new Set(taken).size).toBe(60);
    });

    test('a worker that waits is woken by a job', async () => {
      const waiting = claim();
      await pause(50);
      await hub.add([sampleJob(1)]);
      expect(names(await waiting)).toEqual(['1']);
    });

    test('ended jobs are told again until they are acknowledged, oldest first', async () => {
      await hub.add([sampleJob(1), sampleJob(2), sampleJob(3)]);
      for (const claimed of await claim(3)) {
        await source.complete(claimed, sampleOutcome());
        await pause(3);
      }
      expect((await hub.ended(2)).map((end) => end.job.studyInstanceUid)).toEqual(['1.2.1', '1.2.2']);
      expect(await hub.ended(10)).toHaveLength(3);
      await hub.acknowledge([sampleJob(1).jobId, sampleJob(2).jobId]);
      await hub.acknowledge([sampleJob(1).jobId]);
      expect((await hub.ended(10)).map((end) => end.job.studyInstanceUid)).toEqual(['1.2.3']);
    });

    test('acknowledging does not touch what has not ended', async () => {
      await hub.add([sampleJob(1), sampleJob(2)]);
      const [claimed] = await claim(1);
      await hub.acknowledge([sampleJob(1).jobId, sampleJob(2).jobId]);
      expect(await hub.counts()).toMatchObject({ waiting: 1, active: 1 });
      expect(await source.complete(claimed!, sampleOutcome())).toBe('accepted');
    });

    test('after acknowledgement the same job may be added again', async () => {
      await hub.add([sampleJob(1)]);
      await source.complete((await claim())[0]!, sampleOutcome());
      await hub.acknowledge([sampleJob(1).jobId]);
      await hub.add([sampleJob(1)]);
      expect((await claim())[0]!.attempt).toBe(1);
    });

    test('the hub is told when a job ends', async () => {
      let told = 0;
      hub.onEnded(() => told++);
      await pause(100);
      await hub.add([sampleJob(1)]);
      await source.complete((await claim())[0]!, sampleOutcome());
      await eventually(async () => told > 0);
    });

    test('known: waiting, delayed, active and ended, but not acknowledged or foreign ones', async () => {
      const jobs = [1, 2, 3, 4, 5].map((name) => sampleJob(name));
      await hub.add(jobs.slice(0, 4));
      const [first, second, third] = await claim(3);
      await source.complete(first!, sampleOutcome());
      await source.fail(second!, 'trap');
      expect(await hub.known(jobs.map((job) => job.jobId))).toEqual(new Set(jobs.slice(0, 4).map((job) => job.jobId)));
      await hub.acknowledge([first!.job.jobId]);
      expect(await hub.known(jobs.map((job) => job.jobId))).toEqual(new Set(jobs.slice(1, 4).map((job) => job.jobId)));
      await source.release(third!);
    });

    test('a failed job comes back after its pause, and after three failures it is set aside', async () => {
      await hub.add([sampleJob(1)]);
      const attempts: number[] = [];
      for (const expected of ['retry', 'retry', 'quarantined']) {
        const [claimed] = await claim();
        attempts.push(claimed!.attempt);
        expect(await source.fail(claimed!, `decoder trap ${claimed!.attempt}`)).toBe(expected);
      }
      expect(attempts).toEqual([1, 2, 3]);
      expect(await hub.ended(10)).toEqual([{ kind: 'quarantined', job: sampleJob(1), error: 'decoder trap 3', attempts: 3 }]);
      expect(await source.claim(1, 150)).toEqual([]);
      await hub.acknowledge([sampleJob(1).jobId]);
      expect(await hub.counts()).toEqual({ waiting: 0, active: 0, delayed: 0, ended: 0 });
    });

    test('while it pauses, others go first', async () => {
      await hub.add([sampleJob(1)]);
      await source.fail((await claim())[0]!, 'later');
      await hub.add([sampleJob(2)]);
      expect(names([...(await claim(1)), ...(await claim(1))])).toEqual(['2', '1']);
    });

    test('released jobs are back at once and have lost no try', async () => {
      await hub.add([sampleJob(1)]);
      await source.release((await claim())[0]!);
      const [again] = await claim();
      expect(again!.attempt).toBe(1);
    });

    test('a stopped worker: its job runs elsewhere, its late answers are discarded', async () => {
      const other = under.openSource();
      await hub.add([sampleJob(1)]);
      const [lost] = await claim();
      const [taken] = await claim(1, other);
      expect(taken!.job).toEqual(lost!.job);
      expect(taken!.attempt).toBe(2);
      expect(await source.extend(lost!)).toBe(false);
      expect(await source.complete(lost!, sampleOutcome('late'))).toBe('stale');
      expect(await source.fail(lost!, 'late')).toBe('stale');
      await source.release(lost!);
      expect(await other.complete(taken!, sampleOutcome('in time'))).toBe('accepted');
      expect(await hub.ended(10)).toEqual([{ kind: 'completed', job: sampleJob(1), outcome: sampleOutcome('in time') }]);
      expect(await other.complete(taken!, sampleOutcome('twice'))).toBe('stale');
    });

    test('a lease that is over is over, even before somebody else has the job', async () => {
      await hub.add([sampleJob(1)]);
      const [lost] = await claim();
      await pause(TEST_LIMITS.leaseMs + 200);
      expect(await source.complete(lost!, sampleOutcome('late'))).toBe('stale');
      expect(await hub.ended(10)).toEqual([]);
    });

    test('a worker that renews keeps its job', async () => {
      const other = under.openSource();
      await hub.add([sampleJob(1)]);
      const [claimed] = await claim();
      for (let renewals = 0; renewals < 8; renewals++) {
        expect(await other.claim(1, TEST_LIMITS.leaseMs / 4)).toEqual([]);
        expect(await source.extend(claimed!)).toBe(true);
      }
      expect(await source.complete(claimed!, sampleOutcome())).toBe('accepted');
    });

    test('a job that takes its worker with it three times is set aside', async () => {
      await hub.add([sampleJob(1)]);
      for (let attempt = 1; attempt <= 3; attempt++) {
        const crashing = under.openSource();
        const [claimed] = await claim(1, crashing);
        expect(claimed!.attempt).toBe(attempt);
      }
      // Somebody must be asking for the loss to be noticed, as some worker always is.
      const [end] = await eventually(async () => {
        expect(await source.claim(1, 20)).toEqual([]);
        const ended = await hub.ended(10);
        return ended.length > 0 && ended;
      });
      expect(end).toMatchObject({ kind: 'quarantined', attempts: 3 });
    });

    test('after a crash each of its jobs runs alone, so that only the poison one is set aside', async () => {
      await hub.add([1, 2, 3].map((name) => sampleJob(name)));
      expect(await claim(3, under.openSource())).toHaveLength(3);
      await pause(TEST_LIMITS.leaseMs + 300);
      await hub.add([sampleJob(4)]);
      const seen: string[] = [];
      for (let batches = 0; batches < 4; batches++) {
        const batch = await claim(8);
        expect(batch).toHaveLength(1);
        seen.push(...names(batch));
        // While a suspect is in hand the next suspect is not handed out.
        if (batches < 2) expect(await source.claim(8, 100)).toEqual([]);
        expect(await source.complete(batch[0]!, sampleOutcome())).toBe('accepted');
      }
      expect(seen.sort()).toEqual(['1', '2', '3', '4']);
    });

    test('counts', async () => {
      await hub.add([1, 2, 3, 4].map((name) => sampleJob(name)));
      const claims = await claim(3);
      await source.complete(claims[0]!, sampleOutcome());
      await source.fail(claims[1]!, 'later');
      expect(await hub.counts()).toEqual({ waiting: 1, active: 1, delayed: 1, ended: 1 });
      expect(hub.healthy()).toBe(true);
    });

    test('a closed source resolves its waiting claim', async () => {
      const other = under.openSource();
      const waiting = other.claim(1, PATIENCE_MS);
      await pause(30);
      await other.close();
      expect(await waiting).toEqual([]);
    });
  });
}
