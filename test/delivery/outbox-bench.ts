/** A registry of rows in memory, destinations with a script, and a wait without a clock: what the outbox tests share. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Destination, DueDelivery, SendOutcome, Unreachable } from '../../src/delivery/destination.ts';
import type { OutboxRow, OutboxRows } from '../../src/delivery/outbox.ts';

export interface MemoryRow extends OutboxRow {
  state: 'pending' | 'sent' | 'failed';
  attempts: number;
  nextAttemptAtMs: number;
  error?: string;
}

export class MemoryRows implements OutboxRows {
  readonly rows: MemoryRow[] = [];

  add(destination: string, count = 1, row: Partial<MemoryRow> = {}): MemoryRow[] {
    const added = Array.from({ length: count }, (_, index): MemoryRow => {
      const id = this.rows.length + index + 1;
      return { id, destination, subject: 'report', fileKey: id.toString(16).padStart(64, '0'), state: 'pending', attempts: 0, nextAttemptAtMs: 0, ...row };
    });
    this.rows.push(...added);
    return added;
  }

  dueDeliveries(nowMs: number, limit: number, destination: string): readonly MemoryRow[] {
    return this.rows
      .filter((row) => row.state === 'pending' && row.destination === destination && row.nextAttemptAtMs <= nowMs)
      .toSorted((a, b) => a.nextAttemptAtMs - b.nextAttemptAtMs)
      .slice(0, limit)
      .map((row) => ({ ...row }));
  }

  markDelivery(id: number, state: MemoryRow['state'], _nowMs: number, about: { error?: string; nextAttemptAtMs?: number } = {}): void {
    const row = this.rows.find((candidate) => candidate.id === id)!;
    row.state = state;
    row.attempts += 1;
    if (about.error === undefined) delete row.error;
    else row.error = about.error;
    row.nextAttemptAtMs = about.nextAttemptAtMs ?? row.nextAttemptAtMs;
  }

  states(): string[] {
    return this.rows.map((row) => row.state);
  }
}

export interface ScriptedDestination extends Destination {
  /** Ids in the order in which they were sent, successful or not. */
  readonly tried: number[];
  sessionCount: number;
}

/** `open` decides about a session, `answer` about each object; both may wait. */
export function scripted(
  name: string,
  answer: (delivery: DueDelivery) => SendOutcome | Promise<SendOutcome>,
  refuse: (session: number, signal: AbortSignal) => Unreachable | undefined | Promise<Unreachable | undefined> = () => undefined,
): ScriptedDestination {
  const destination: ScriptedDestination = {
    name,
    tried: [],
    sessionCount: 0,
    async open(_deliveries, signal) {
      destination.sessionCount += 1;
      const unreachable = await refuse(destination.sessionCount, signal);
      if (unreachable !== undefined) return unreachable;
      return {
        kind: 'open',
        async send(delivery) {
          destination.tried.push(delivery.id);
          return answer(delivery);
        },
        close: async () => {},
      };
    },
  };
  return destination;
}

export const SENT: SendOutcome = { kind: 'sent' };
export const DOWN: Unreachable = { kind: 'unreachable', permanent: false, code: 'peer-unreachable', text: 'no connection: ECONNREFUSED' };

/** Waits for a state of affairs; the limit only ends a test that would otherwise never end. */
export async function until(condition: () => boolean, what: string, limitMs = 20_000): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`never came: ${what}`);
    await sleep(5);
  }
}
