/**
 * The outbox: every pending row goes to its destination, however long that takes. One loop and at most one session per
 * destination, so that a hanging PACS holds up nobody else.
 *
 * At least once: a crash between the peer's answer and `markDelivery` sends the object again, with the same SOP
 * Instance UID and the same bytes, which a receiver recognises (0111H, duplicate SOP instance, counts as sent).
 * Permanent refusals (AE title or SOP class not known there) end a row at once as `failed`, with what to change;
 * everything else is tried again for ever, at the pace of backoff.ts. What is due is asked of the registry each time:
 * nothing is lost with this process. Leaves out: whether the PACS still has it (storage commitment).
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { DELIVERY_BACKOFF_MS, backoffMs } from './backoff.ts';
import type { Destination, DueDelivery, SendOutcome, Unreachable } from './destination.ts';

/** A row as the registry keeps it. Messages (HL7) have no file; their kind of destination is not built yet. */
export interface OutboxRow {
  readonly id: number;
  readonly destination: string;
  readonly subject: 'report' | 'instance' | 'message';
  readonly fileKey?: string;
  readonly attempts: number;
  readonly isOtherBytes?: true;
}

/** The registry as the outbox needs it (registry/report-rows.ts fits). Texts carry no patient data. */
export interface OutboxRows {
  /** Pending rows of one destination with next attempt at or before `nowMs`, the longest due first. */
  dueDeliveries(nowMs: number, limit: number, destination: string): readonly OutboxRow[];
  /** Counts one attempt. */
  markDelivery(id: number, state: 'sent' | 'pending' | 'failed', nowMs: number, about?: { error?: string; errorCode?: string; nextAttemptAtMs?: number }): unknown;
}

export interface OutboxLimits {
  /** Objects per session: bounds how long one association lasts, and what one failure marks. */
  readonly batchMax: number;
  /** Rows looked at for a batch. */
  readonly lookAheadMax: number;
  /** Rows are looked for this often even when nobody calls `wake` (a row whose backoff ended, a missed wake). */
  readonly pollMs: number;
  readonly backoffMs: readonly number[];
  /** Objects refused one after another as "not now": the destination as a whole is given a rest. */
  readonly refusalsInRowMax: number;
  readonly destinationsMax: number;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  batchMax: 50,
  lookAheadMax: 1_000,
  pollMs: 5_000,
  backoffMs: DELIVERY_BACKOFF_MS,
  refusalsInRowMax: 3,
  // Each is a loop and a connection; a hospital has a PACS, an archive, a mirror.
  destinationsMax: 32,
};

/** For logs and metrics; no patient data, no text from the peer. */
export type OutboxEvent =
  | { readonly kind: 'sent' | 'retry' | 'failed'; readonly destination: string; readonly code: string; readonly objectCount: number }
  /** Our own fault (registry, disk): the lane rests and goes on. */
  | { readonly kind: 'error'; readonly destination: string; readonly error: unknown };

export type DestinationState =
  | { readonly kind: 'idle' | 'sending' }
  | { readonly kind: 'resting'; readonly untilMs: number; readonly failures: number; readonly code: string; readonly text: string };

export interface OutboxOptions {
  readonly rows: OutboxRows;
  readonly destinations: readonly Destination[];
  readonly now?: () => number;
  readonly random?: () => number;
  readonly limits?: Partial<OutboxLimits>;
  readonly onEvent?: (event: OutboxEvent) => void;
}

export interface Outbox {
  /** New rows may be due: look now. A destination that rests is left to rest, unless a person names it. */
  wake(destination?: string): void;
  states(): ReadonlyMap<string, DestinationState>;
  /** The object on its way may finish for `graceMs`; then sessions are dropped. Rows stay pending. Never rejects. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const limits = { ...OUTBOX_LIMITS, ...options.limits };
  const { destinations } = options;
  assert(destinations.length <= limits.destinationsMax, `${destinations.length} destinations`);
  assert(new Set(destinations.map(({ name }) => name)).size === destinations.length, 'two destinations of one name');
  const shared: Shared = {
    rows: options.rows,
    limits,
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
    onEvent: options.onEvent ?? (() => {}),
    closing: new AbortController(),
    dropping: new AbortController(),
    doubts: new Map(),
  };
  const lanes = destinations.map((destination) => createLane(destination, shared));
  return {
    wake: (destination) => lanes.forEach((lane) => lane.wake(lane.name === destination)),
    states: () => new Map(lanes.map((lane) => [lane.name, lane.state()])),
    async close({ graceMs = 5_000 } = {}) {
      shared.closing.abort();
      lanes.forEach((lane) => lane.stop());
      const ended = Promise.all(lanes.map((lane) => lane.ended));
      const grace = new AbortController();
      await Promise.race([ended, sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {})]);
      grace.abort();
      shared.dropping.abort();
      await ended;
    },
  };
}

interface Shared {
  readonly rows: OutboxRows;
  readonly limits: OutboxLimits;
  readonly now: () => number;
  readonly random: () => number;
  readonly onEvent: (event: OutboxEvent) => void;
  /** No new object is begun. */
  readonly closing: AbortController;
  /** Sessions are dropped. */
  readonly dropping: AbortController;
  /** Doubtful answers in a row, by row. Not kept over a restart: that only means more patience. */
  readonly doubts: Map<number, number>;
}

interface Lane {
  readonly name: string;
  readonly ended: Promise<void>;
  wake(evenResting: boolean): void;
  /** Ends a pause; the lane then sees that we are closing. */
  stop(): void;
  state(): DestinationState;
}

/** What one round of a lane came to. */
type Round =
  | { readonly kind: 'nothing-due' | 'closing' }
  | { readonly kind: 'progress'; readonly sentCount: number }
  | { readonly kind: 'rest'; readonly code: string; readonly text: string };

function createLane(destination: Destination, shared: Shared): Lane {
  const { limits, closing } = shared;
  let state: DestinationState = { kind: 'idle' };
  let failures = 0;
  let isWoken = false;
  let alarm: AbortController | undefined;

  async function pause(ms: number): Promise<void> {
    if (closing.signal.aborted) return;
    alarm = new AbortController();
    await sleep(ms, undefined, { signal: alarm.signal }).catch(() => {});
    alarm = undefined;
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      isWoken = false;
      state = { kind: 'sending' };
      const round = await oneRound(destination, failures + 1, shared).catch((error: unknown): Round => {
        shared.onEvent({ kind: 'error', destination: destination.name, error });
        return { kind: 'rest', code: 'own-error', text: 'an error of our own: see the log' };
      });
      if (round.kind === 'rest') {
        failures += 1;
        const restMs = backoffMs(failures, shared.random(), limits.backoffMs);
        state = { kind: 'resting', untilMs: shared.now() + restMs, failures, code: round.code, text: round.text };
        await pause(restMs);
        continue;
      }
      state = { kind: 'idle' };
      if (round.kind === 'progress' && round.sentCount > 0) failures = 0;
      if (round.kind === 'nothing-due' && !isWoken) await pause(limits.pollMs);
    }
  }

  const ended = run();
  return {
    name: destination.name,
    ended,
    wake(evenResting) {
      isWoken = true;
      // A resting lane is left to rest: new rows are no news about the destination.
      if (evenResting || state.kind !== 'resting') alarm?.abort();
    },
    stop: () => alarm?.abort(),
    state: () => state,
  };
}

/** One session with what is due, each row marked as soon as its fate is known. */
async function oneRound(destination: Destination, failures: number, shared: Shared): Promise<Round> {
  const { limits, closing, dropping } = shared;
  const due = nextBatch(destination, shared);
  if (due.length === 0) return { kind: 'nothing-due' };
  const session = await destination.open(due, dropping.signal);
  if (session.kind === 'unreachable') {
    if (dropping.signal.aborted) return { kind: 'closing' };
    markUnreachable(destination, due, session, failures, shared);
    return { kind: 'rest', code: session.code, text: session.text };
  }
  let sentCount = 0;
  let refusalsInRow = 0;
  let rest: Round | undefined;
  for (const delivery of due) {
    if (closing.signal.aborted || rest !== undefined) break;
    const doubtfulAnswers = shared.doubts.get(delivery.id) ?? 0;
    const outcome = await session.send({ ...delivery, doubtfulAnswers });
    // Dropped by us at shutdown: not the destination's fault, the row stays as it was.
    if (outcome.kind === 'lost' && dropping.signal.aborted) break;
    if (outcome.kind === 'refused' && outcome.isDoubtful === true && !outcome.permanent) shared.doubts.set(delivery.id, doubtfulAnswers + 1);
    else if (outcome.kind !== 'lost') shared.doubts.delete(delivery.id);
    markOutcome(destination, delivery, outcome, shared);
    if (outcome.kind === 'sent') sentCount += 1;
    refusalsInRow = outcome.kind === 'refused' && !outcome.permanent ? refusalsInRow + 1 : 0;
    const isOver = outcome.kind === 'lost' || (outcome.kind === 'refused' && refusalsInRow >= limits.refusalsInRowMax);
    if (isOver) rest = { kind: 'rest', code: outcome.code, text: outcome.text };
  }
  await session.close();
  // A session that brought something through is no reason to rest: the row that broke it has its own backoff.
  if (rest !== undefined && sentCount === 0) return rest;
  return { kind: 'progress', sentCount };
}

/**
 * What one session takes: reports before originals, so that a flag's report does not wait behind gigabytes of pixels
 * of the same minute; otherwise the longest due first.
 */
function nextBatch({ name }: Destination, { rows, limits, now }: Shared): readonly DueDelivery[] {
  const objects = rows.dueDeliveries(now(), limits.lookAheadMax, name).filter(isObject);
  const reports = objects.filter(({ subject }) => subject === 'report');
  const originals = objects.filter(({ subject }) => subject === 'instance');
  return [...reports, ...originals].slice(0, limits.batchMax);
}

const isObject = (row: OutboxRow): row is DueDelivery => row.subject !== 'message' && row.fileKey !== undefined;

function markUnreachable({ name }: Destination, due: readonly DueDelivery[], why: Unreachable, failures: number, shared: Shared): void {
  const nextAttemptAtMs = shared.now() + backoffMs(failures, shared.random(), shared.limits.backoffMs);
  for (const { id } of due) {
    if (why.permanent) shared.rows.markDelivery(id, 'failed', shared.now(), { error: why.text, errorCode: why.code });
    else shared.rows.markDelivery(id, 'pending', shared.now(), { error: why.text, errorCode: why.code, nextAttemptAtMs });
  }
  shared.onEvent({ kind: why.permanent ? 'failed' : 'retry', destination: name, code: why.code, objectCount: due.length });
}

function markOutcome({ name }: Destination, { id, attempts }: DueDelivery, outcome: SendOutcome, shared: Shared): void {
  const { rows, onEvent } = shared;
  const nowMs = shared.now();
  if (outcome.kind === 'sent') {
    rows.markDelivery(id, 'sent', nowMs, outcome.remark === undefined ? {} : { error: outcome.remark });
    onEvent({ kind: 'sent', destination: name, code: 'stored', objectCount: 1 });
  } else if (outcome.kind === 'refused' && outcome.permanent) {
    rows.markDelivery(id, 'failed', nowMs, { error: outcome.text, errorCode: outcome.code });
    onEvent({ kind: 'failed', destination: name, code: outcome.code, objectCount: 1 });
  } else {
    const nextAttemptAtMs = nowMs + backoffMs(attempts + 1, shared.random(), shared.limits.backoffMs);
    rows.markDelivery(id, 'pending', nowMs, { error: outcome.text, errorCode: outcome.code, nextAttemptAtMs });
    onEvent({ kind: 'retry', destination: name, code: outcome.code, objectCount: 1 });
  }
}
