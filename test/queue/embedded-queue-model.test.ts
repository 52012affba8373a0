/**
 * The embedded queue against a model of thirty lines: any sequence of operations, on a clock that the test moves.
 * The model knows what is waiting, leased and ended; the queue must agree after every step.
 */
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type EmbeddedQueue, openEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import type { AnalysisJob, ClaimedJob } from '../../src/queue/job-queue.ts';
import { sampleJob, sampleOutcome } from './sample-jobs.ts';

const LIMITS = { leaseMs: 100, maxAttempts: 3, backoffMs: [10, 40] };

interface ModelJob {
  job: AnalysisJob;
  state: 'waiting' | 'active' | 'completed' | 'quarantined';
  notBeforeMs: number;
  leaseUntilMs: number;
  attempts: number;
  lost: boolean;
  token: string;
  /** Order of ending. */
  ended: number;
}

type Step =
  | { readonly do: 'add'; readonly name: number; readonly rank: number }
  | { readonly do: 'claim'; readonly max: number; readonly worker: number }
  | { readonly do: 'complete' | 'fail' | 'release' | 'extend'; readonly claim: number }
  | { readonly do: 'acknowledge'; readonly count: number }
  | { readonly do: 'pass'; readonly ms: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), name: fc.nat(11), rank: fc.constantFrom(0, 10, 20) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), max: fc.integer({ min: 1, max: 4 }), worker: fc.nat(1) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('complete' as const, 'fail' as const, 'release' as const, 'extend' as const), claim: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 41, 99, 101) }) },
);

async function follow(steps: readonly Step[], path: string): Promise<void> {
  let nowMs = 1_000;
  let endedCount = 0;
  const model = new Map<string, ModelJob>();
  const claims: { claim: ClaimedJob; worker: number }[] = [];
  const workers: EmbeddedQueue[] = [0, 1].map(() => openEmbeddedQueue(path, LIMITS, { now: () => nowMs, pollMs: 60_000 }));
  const hub = workers[0]!;

  const end = (entry: ModelJob, state: 'completed' | 'quarantined'): void => {
    entry.state = state;
    entry.ended = ++endedCount;
  };
  const expire = (): void => {
    for (const entry of [...model.values()].filter((each) => each.state === 'active' && each.leaseUntilMs < nowMs)) {
      if (entry.attempts >= LIMITS.maxAttempts) end(entry, 'quarantined');
      else entry.state = 'waiting';
      entry.lost = true;
    }
  };
  const mine = (entry: ModelJob | undefined, claim: ClaimedJob): entry is ModelJob => entry?.state === 'active' && entry.token === claim.token && entry.leaseUntilMs >= nowMs;

  async function take(step: Step): Promise<void> {
    switch (step.do) {
      case 'pass':
        nowMs += step.ms;
        return;
      case 'add': {
        const job = sampleJob(step.name, { rank: step.rank });
        await hub.add([job]);
        const known = model.get(job.jobId);
        if (known === undefined) model.set(job.jobId, { job, state: 'waiting', notBeforeMs: 0, leaseUntilMs: 0, attempts: 0, lost: false, token: '', ended: 0 });
        else if (known.state === 'waiting') known.job = { ...job, rank: Math.min(known.job.rank, job.rank) };
        return;
      }
      case 'claim': {
        const worker = workers[step.worker]!;
        const holds = claims.some(({ claim, worker }) => worker === step.worker && mine(model.get(claim.job.jobId), claim));
        const claimed = await worker.claim(step.max, 0);
        expire();
        const due = [...model.values()]
          .filter((entry) => entry.state === 'waiting' && entry.notBeforeMs <= nowMs)
          .sort((a, b) => a.job.rank - b.job.rank || a.job.enqueuedAtMs - b.job.enqueuedAtMs)
          .slice(0, step.max);
        const suspect = due.findIndex((entry) => entry.lost);
        const expected = suspect === -1 ? due : suspect > 0 ? due.slice(0, suspect) : holds ? [] : due.slice(0, 1);
        expect(claimed.map((claim) => claim.job.jobId)).toEqual(expected.map((entry) => entry.job.jobId));
        for (const claim of claimed) {
          const entry = model.get(claim.job.jobId)!;
          Object.assign(entry, { state: 'active', token: claim.token, leaseUntilMs: nowMs + LIMITS.leaseMs, attempts: entry.attempts + 1 });
          expect(claim.attempt).toBe(entry.attempts);
          claims.push({ claim, worker: step.worker });
        }
        return;
      }
      case 'acknowledge': {
        const first = (await hub.ended(step.count)).map((each) => each.job.jobId);
        await hub.acknowledge([...first, ...model.keys()].slice(0, step.count));
        for (const jobId of [...first, ...model.keys()].slice(0, step.count)) if ((model.get(jobId)?.ended ?? 0) > 0) model.delete(jobId);
        return;
      }
      default: {
        if (claims.length === 0) return;
        const { claim, worker } = claims[step.claim % claims.length]!;
        const source = workers[worker]!;
        const entry = model.get(claim.job.jobId);
        const held = mine(entry, claim);
        if (step.do === 'extend') {
          expect(await source.extend(claim)).toBe(held);
          if (held) entry.leaseUntilMs = nowMs + LIMITS.leaseMs;
        } else if (step.do === 'release') {
          await source.release(claim);
          if (held) Object.assign(entry, { state: 'waiting', attempts: entry.attempts - 1 });
        } else if (step.do === 'complete') {
          expect(await source.complete(claim, sampleOutcome())).toBe(held ? 'accepted' : 'stale');
          if (held) end(entry, 'completed');
        } else {
          const last = claim.attempt >= LIMITS.maxAttempts;
          expect(await source.fail(claim, 'trap')).toBe(!held ? 'stale' : last ? 'quarantined' : 'retry');
          if (held && last) end(entry, 'quarantined');
          else if (held) Object.assign(entry, { state: 'waiting', notBeforeMs: nowMs + LIMITS.backoffMs[claim.attempt - 1]! });
        }
      }
    }
  }

  try {
    for (const step of steps) {
      await take(step);
      const entries = [...model.values()];
      const count = (test: (entry: ModelJob) => boolean): number => entries.filter(test).length;
      expect(await hub.counts()).toEqual({
        waiting: count((entry) => entry.state === 'waiting' && entry.notBeforeMs <= nowMs),
        delayed: count((entry) => entry.state === 'waiting' && entry.notBeforeMs > nowMs),
        active: count((entry) => entry.state === 'active'),
        ended: count((entry) => entry.ended > 0),
      });
      expect((await hub.ended(100)).map((each) => `${each.kind} ${each.job.jobId}`)).toEqual(
        entries.filter((entry) => entry.ended > 0).sort((a, b) => a.ended - b.ended).map((entry) => `${entry.state} ${entry.job.jobId}`),
      );
    }
  } finally {
    for (const worker of workers) await worker.close();
  }
}

test('a late answer for a lost claim leaves the same job in its new hands: the next suspect waits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-model-'));
  try {
    const claim = { do: 'claim', max: 2, worker: 0 } as const;
    const late = { do: 'complete', claim: 0 } as const;
    await follow([{ do: 'add', name: 1, rank: 0 }, { do: 'add', name: 0, rank: 0 }, claim, { do: 'pass', ms: 101 }, claim, late, { do: 'pass', ms: 1 }, claim, late], join(folder, 'queue.sqlite'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('any sequence of operations agrees with the model', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-model-'));
  let round = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 60 }), async (steps) => {
        await follow(steps, join(folder, `queue-${round++}.sqlite`));
      }),
      { numRuns: 150 },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
