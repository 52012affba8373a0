/** The outbox against scripted destinations: who is tried when, what ends a row, who waits for whom. */
import { afterEach, describe, expect, it } from 'vitest';
import { createOutbox } from '../../src/delivery/outbox.ts';
import type { Outbox, OutboxEvent, OutboxOptions } from '../../src/delivery/outbox.ts';
import type { Destination, DueDelivery, SendOutcome } from '../../src/delivery/destination.ts';
import { DOUBTFUL_ANSWERS_MAX, judgeAnswer } from '../../src/delivery/store-verdict.ts';
import { DOWN, MemoryRows, SENT, scripted, until } from './outbox-bench.ts';

const FAST = { backoffMs: [1, 2, 4], pollMs: 5 };
let outbox: Outbox | undefined;
afterEach(() => outbox?.close());

function start(rows: MemoryRows, destinations: Destination[], options: Partial<OutboxOptions> = {}): Outbox {
  outbox = createOutbox({ rows, destinations, limits: FAST, random: () => 0, ...options });
  return outbox;
}

describe('delivery', () => {
  it('sends every row once and stops there', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 120);
    const pacs = scripted('pacs', () => SENT);
    start(rows, [pacs]);
    await until(() => rows.states().every((state) => state === 'sent'), 'all sent');
    await outbox!.close();
    expect(pacs.tried).toEqual(rows.rows.map((row) => row.id));
    expect(pacs.sessionCount).toBe(3);
  });

  it('finds rows of other destinations none of its business', async () => {
    const rows = new MemoryRows();
    rows.add('elsewhere');
    rows.add('pacs');
    const pacs = scripted('pacs', () => SENT);
    start(rows, [pacs]);
    await until(() => rows.rows[1]!.state === 'sent', 'sent');
    expect(rows.rows[0]!.state).toBe('pending');
  });

  it('sends reports before originals that wait longer', async () => {
    const rows = new MemoryRows();
    const originals = rows.add('pacs', 60, { subject: 'instance', nextAttemptAtMs: 1 });
    const [report] = rows.add('pacs', 1, { nextAttemptAtMs: 2 });
    const pacs = scripted('pacs', () => SENT);
    start(rows, [pacs]);
    await until(() => rows.states().every((state) => state === 'sent'), 'all sent');
    expect(pacs.tried).toEqual([report!.id, ...originals.map(({ id }) => id)]);
  });

  it('leaves messages alone', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 1, { subject: 'message' });
    rows.add('pacs');
    const pacs = scripted('pacs', () => SENT);
    start(rows, [pacs]);
    await until(() => rows.rows[1]!.state === 'sent', 'sent');
    expect(pacs.tried).toEqual([2]);
  });

  it('is woken by new rows', async () => {
    const rows = new MemoryRows();
    const pacs = scripted('pacs', () => SENT);
    // Only waking can do it: the poll would come after the test's end.
    start(rows, [pacs], { limits: { pollMs: 3_600_000 } });
    await until(() => outbox!.states().get('pacs')!.kind === 'idle', 'idle');
    rows.add('pacs');
    outbox!.wake();
    await until(() => rows.states()[0] === 'sent', 'sent');
  });

  it('a destination that is down gets everything once it is back, once, and says meanwhile why not', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 60);
    const pacs = scripted('pacs', () => SENT, (session) => (session < 6 ? DOWN : undefined));
    start(rows, [pacs]);
    await until(() => rows.rows.some((row) => row.error !== undefined), 'a first failure');
    expect(rows.rows.find((row) => row.error !== undefined)).toMatchObject({ state: 'pending', error: DOWN.text });
    await until(() => rows.states().every((state) => state === 'sent'), 'all sent');
    expect(pacs.tried).toHaveLength(60);
    expect(new Set(pacs.tried).size).toBe(60);
    expect(rows.rows.some((row) => row.error !== undefined)).toBe(false);
  });

  it('one that rests is left to rest by new rows, and asked at once where a person names it', async () => {
    const rows = new MemoryRows();
    const [first] = rows.add('pacs');
    const pacs = scripted('pacs', () => SENT, (session) => (session === 1 ? DOWN : undefined));
    start(rows, [pacs, scripted('other', () => SENT)], { limits: { backoffMs: [3_600_000], pollMs: 5 } });
    await until(() => outbox!.states().get('pacs')!.kind === 'resting', 'resting');
    outbox!.wake();
    outbox!.wake('other');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([pacs.sessionCount, outbox!.states().get('pacs')!.kind]).toEqual([1, 'resting']);
    first!.nextAttemptAtMs = 0;
    outbox!.wake('pacs');
    await until(() => rows.states()[0] === 'sent', 'sent');
  });

  it('a hanging destination holds up nobody else, and is left at shutdown', async () => {
    const rows = new MemoryRows();
    rows.add('hanging');
    rows.add('pacs');
    const hanging = scripted('hanging', () => SENT, (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(DOWN))));
    start(rows, [hanging, scripted('pacs', () => SENT)]);
    await until(() => rows.rows[1]!.state === 'sent', 'the other one served');
    await outbox!.close({ graceMs: 1 });
    expect(rows.rows[0]).toMatchObject({ state: 'pending', attempts: 0 });
  });
});

describe('refusals', () => {
  it('an unknown AE title fails the rows at once, with what to change, and later rows are tried', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 2);
    const events: OutboxEvent[] = [];
    const pacs = scripted('pacs', () => SENT, (session) => (session === 1 ? { ...DOWN, permanent: true, code: 'association-rejected', text: 'change this' } : undefined));
    start(rows, [pacs], { onEvent: (event) => events.push(event) });
    await until(() => rows.states().every((state) => state === 'failed'), 'failed');
    expect(rows.rows[0]).toMatchObject({ attempts: 1, error: 'change this' });
    expect(events[0]).toEqual({ kind: 'failed', destination: 'pacs', code: 'association-rejected', objectCount: 2 });
    rows.add('pacs');
    await until(() => rows.states()[2] === 'sent', 'sent');
    expect(rows.states().slice(0, 2)).toEqual(['failed', 'failed']);
  });

  it('"cannot understand" of an archive that was down before is doubted as long as of any other', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 3);
    let answers = 0;
    const judged = (delivery: DueDelivery): SendOutcome => judgeAnswer({ status: (answers += 1) <= 12 ? 0xc000 : 0 }, delivery);
    start(rows, [scripted('pacs', judged, (session) => (session <= 20 ? DOWN : undefined))]);
    await until(() => rows.states().every((state) => state === 'sent'), 'all sent');
    expect(Math.max(...rows.rows.map(({ attempts }) => attempts))).toBeGreaterThan(DOUBTFUL_ANSWERS_MAX);
  });

  it('"cannot understand" ends a row in the end; once a person asks again, it is doubted anew', async () => {
    const rows = new MemoryRows();
    const [row] = rows.add('pacs');
    const pacs = scripted('pacs', (delivery) => judgeAnswer({ status: 0xc000 }, delivery));
    start(rows, [pacs]);
    await until(() => row!.state === 'failed', 'failed');
    expect(pacs.tried).toHaveLength(DOUBTFUL_ANSWERS_MAX);
    row!.state = 'pending';
    outbox!.wake('pacs');
    await until(() => row!.state === 'failed' && pacs.tried.length > DOUBTFUL_ANSWERS_MAX, 'failed again');
    expect(pacs.tried).toHaveLength(2 * DOUBTFUL_ANSWERS_MAX);
  });

  it('an object refused for good fails alone', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 3);
    const refused: SendOutcome = { kind: 'refused', permanent: true, code: 'sop-class-not-accepted', text: 'allow it there' };
    start(rows, [scripted('pacs', ({ id }) => (id === 2 ? refused : SENT))]);
    await until(() => !rows.states().includes('pending'), 'all ended');
    expect(rows.states()).toEqual(['sent', 'failed', 'sent']);
    expect(rows.rows[1]!.error).toBe('allow it there');
  });

  it('"not now" is tried again', async () => {
    const rows = new MemoryRows();
    rows.add('pacs');
    start(rows, [scripted('pacs', ({ attempts }) => (attempts < 4 ? { kind: 'refused', permanent: false, code: 'status-A700H', text: 'full' } : SENT))]);
    await until(() => rows.states()[0] === 'sent', 'sent');
    expect(rows.rows[0]!.attempts).toBe(5);
  });

  it('a destination that says "not now" to one after another is given a rest', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 10);
    const pacs = scripted('pacs', () => ({ kind: 'refused', permanent: false, code: 'status-A700H', text: 'full' }));
    start(rows, [pacs], { limits: { backoffMs: [3_600_000], pollMs: 5 } });
    await until(() => outbox!.states().get('pacs')!.kind === 'resting', 'resting');
    expect(pacs.tried).toHaveLength(3);
    expect(outbox!.states().get('pacs')).toMatchObject({ code: 'status-A700H', failures: 1 });
  });

  it('an object that breaks the association every time does not keep the others from arriving', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 10);
    start(rows, [scripted('pacs', ({ id }) => (id === 1 ? { kind: 'lost', code: 'association-lost', text: 'aborted' } : SENT))]);
    await until(() => rows.states().filter((state) => state === 'sent').length === 9, 'the others sent');
    expect(rows.rows[0]!.state).toBe('pending');
  });
});

describe('crashes and faults of our own', () => {
  it('a crash between the answer and the mark sends the same object again', async () => {
    const rows = new MemoryRows();
    rows.add('pacs');
    const mark = rows.markDelivery.bind(rows);
    let crashes = 0;
    rows.markDelivery = (...args) => {
      if (crashes++ === 0) throw new Error('disk I/O error');
      mark(...args);
    };
    const pacs = scripted('pacs', () => SENT);
    const events: OutboxEvent[] = [];
    start(rows, [pacs], { onEvent: (event) => events.push(event) });
    await until(() => rows.states()[0] === 'sent', 'sent');
    expect(pacs.tried).toEqual([1, 1]);
    expect(events.map((event) => event.kind)).toEqual(['error', 'sent']);
  });

  it('at shutdown the object on its way may finish, and no other is begun', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 5);
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const pacs = scripted('pacs', async () => {
      arrived.resolve();
      await release.promise;
      return SENT;
    });
    start(rows, [pacs]);
    await arrived.promise;
    const closed = outbox!.close();
    release.resolve();
    await closed;
    expect(rows.states()).toEqual(['sent', 'pending', 'pending', 'pending', 'pending']);
  });

  it('two destinations of one name are a programmer error', () => {
    expect(() => createOutbox({ rows: new MemoryRows(), destinations: [scripted('a', () => SENT), scripted('a', () => SENT)] })).toThrow(/one name/);
  });
});
