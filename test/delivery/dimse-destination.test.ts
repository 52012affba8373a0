/** C-STORE towards our own listener: what storescp cannot play (a policy on AE titles, a full archive, a slow end). */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createDimseDestination } from '../../src/delivery/dimse-destination.ts';
import type { DeliverySource, DueDelivery } from '../../src/delivery/destination.ts';
import { createOutbox } from '../../src/delivery/outbox.ts';
import type { Outbox } from '../../src/delivery/outbox.ts';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener } from '../../src/dimse/listener.ts';
import { OPEN_DOOR } from '../../src/dimse/negotiation-policy.ts';
import { REJECT } from '../../src/dimse/pdu.ts';
import type { StoreReceiver, StoreSink, StoreStatus } from '../../src/dimse/store-port.ts';
import { buildChestReport } from '../../src/report/chest-report.ts';
import { CASES } from '../report/report-cases.ts';
import { MemoryRows, until } from './outbox-bench.ts';

const REPORT = buildChestReport(CASES['tb-flagged']);
const FILE_KEY = createHash('sha256').update(REPORT.bytes).digest('hex');
const SOURCE: DeliverySource = {
  read: async (_folder, _key, offset = 0, lengthMax = Infinity) => REPORT.bytes.subarray(offset, offset + lengthMax),
  async *stream(_folder, _key, offset = 0) {
    yield REPORT.bytes.subarray(offset);
  },
};

let listener: Listener | undefined;
let outbox: Outbox | undefined;
afterEach(async () => {
  await outbox?.close({ graceMs: 50 });
  await listener?.close({ graceMs: 50 });
  outbox = undefined;
  listener = undefined;
});

/** A PACS that answers each object with the next status of the list, then with success. */
function archive(statuses: StoreStatus[], stored: string[]): StoreSink {
  return {
    begin: ({ affectedSopInstanceUid }): StoreReceiver => ({
      write: () => {},
      async commit() {
        stored.push(affectedSopInstanceUid);
        return statuses.shift() ?? { status: 0 };
      },
      abort: async () => {},
    }),
  };
}

async function listen(storeSink: StoreSink, callingAeTitle?: string): Promise<number> {
  listener = await startListener({
    port: 0,
    host: '127.0.0.1',
    storeSink,
    onEvent: () => {},
    policy: {
      ...OPEN_DOOR,
      admit: (requester) => (callingAeTitle === undefined || requester.callingAeTitle === callingAeTitle ? undefined : REJECT.callingAeTitleNotRecognized),
    },
  });
  return listener.port;
}

function start(rows: MemoryRows, port: number): void {
  const destination = createDimseDestination({ name: 'pacs', host: '127.0.0.1', port, calledAeTitle: 'PACS', callingAeTitle: 'FIRSTREAD', source: SOURCE });
  outbox = createOutbox({ rows, destinations: [destination], random: () => 0, limits: { backoffMs: [1, 2], pollMs: 5 } });
}

describe('C-STORE to a PACS', () => {
  it('that does not recognise us: failed at once, naming both titles', async () => {
    const stored: string[] = [];
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: FILE_KEY });
    start(rows, await listen(archive([], stored), 'ANOTHER'));
    await until(() => rows.states()[0] === 'failed', 'failed');
    expect(rows.rows[0]).toMatchObject({ attempts: 1, error: expect.stringMatching(/calling AE title not recognized.*FIRSTREAD.*PACS/) });
    expect(stored).toEqual([]);
  });

  it('that is full for a while: sent again with the same SOP Instance UID', async () => {
    const stored: string[] = [];
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: FILE_KEY });
    start(rows, await listen(archive([{ status: 0xa700 }, { status: 0xa701 }], stored)));
    await until(() => rows.states()[0] === 'sent', 'sent');
    expect(stored).toEqual([REPORT.sopInstanceUid, REPORT.sopInstanceUid, REPORT.sopInstanceUid]);
  });

  it('that knows the object already: sent', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: FILE_KEY });
    start(rows, await listen(archive([{ status: 0x0111 }], [])));
    await until(() => rows.states()[0] === 'sent', 'sent');
    expect(rows.rows[0]!.error).toContain('already there');
  });

  it('that forbids it: failed, with the answer and its comment', async () => {
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: FILE_KEY });
    start(rows, await listen(archive([{ status: 0x0124, errorComment: 'not on the list' }], [])));
    await until(() => rows.states()[0] === 'failed', 'failed');
    expect(rows.rows[0]!.error).toMatch(/0124H \("not on the list"\): it does not authorise us/);
  });

  it('that hangs in the middle: dropped at shutdown, the row untouched', async () => {
    const begun = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<StoreStatus>();
    const hanging: StoreSink = {
      begin: () => ({
        write: () => {},
        commit() {
          begun.resolve();
          return answer.promise;
        },
        abort: async () => {},
      }),
    };
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: FILE_KEY });
    start(rows, await listen(hanging));
    await begun.promise;
    await outbox!.close({ graceMs: 1 });
    expect(rows.rows[0]).toMatchObject({ state: 'pending', attempts: 0 });
    answer.resolve({ status: 0 });
  });

  it('shutdown does not wait for a connection that never comes', async () => {
    const abort = new AbortController();
    // TEST-NET-1 (RFC 5737): nobody is there; whether refused or silent, the answer comes with the abort at the latest.
    const destination = createDimseDestination({ name: 'x', host: '192.0.2.1', port: 104, calledAeTitle: 'X', callingAeTitle: 'Y', source: SOURCE });
    const delivery: DueDelivery = { id: 1, destination: 'x', subject: 'report', fileKey: FILE_KEY, attempts: 0 };
    const opening = destination.open([delivery], abort.signal);
    abort.abort();
    expect((await opening).kind).toBe('unreachable');
  });
});
