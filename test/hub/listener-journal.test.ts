/** One refusal at the DICOM edge is one line, one count, one audit entry and one row, whoever decided it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Listener } from '../../src/dimse/listener.ts';
import { startListener } from '../../src/dimse/listener.ts';
import { createListenerJournal } from '../../src/hub/listener-journal.ts';
import { OPEN_ADMISSION } from '../../src/intake/admission.ts';
import { createStoreSink } from '../../src/intake/receive.ts';
import type { FreeSpace } from '../../src/intake/free-space.ts';
import type { Spool } from '../../src/intake/spool.ts';
import type { SpoolWriter } from '../../src/intake/spool-writer.ts';
import type { Audit } from '../../src/ops/audit.ts';
import type { Log } from '../../src/ops/log.ts';
import { admitFields } from '../../src/ops/redaction.ts';
import { createFirstreadMetrics } from '../../src/ops/firstread-metrics.ts';
import { ASSOCIATE_RQ, STORE_RQ, hex, pData, statusOf } from '../dimse/encoded-pdus.ts';
import { RawPeer } from '../dimse/raw-peer.ts';

const lines: { name: string; code: unknown; reason: unknown }[] = [];
const audited: string[] = [];
const recorded: string[] = [];
let listener: Listener;
let peer: RawPeer;
let flush: () => void;

const log: Log = { write: (name, fields = {}) => lines.push({ name, code: fields.code, reason: fields.reason }), with: () => log };
const metrics = createFirstreadMetrics({ version: 'test' });
const writer: Partial<SpoolWriter> = { byteLength: 0, write: () => {}, fail: () => {}, release: async () => {} };
const spool = { begin: () => writer, discard: async () => {} } as unknown as Spool;
const roomy: FreeSpace = { hasRoom: () => true, spent: () => {}, refresh: async () => ({ freeBytes: 1, totalBytes: 1 }), facts: () => ({ freeBytes: 1, totalBytes: 1, floorBytes: 0 }) };

beforeEach(async () => {
  for (const list of [lines, audited, recorded]) list.length = 0;
  const journal = createListenerJournal({
    registry: { recordRefusal: ({ code }) => recorded.push(code), noteAssociation: () => {}, commitSoon: async (work) => work() },
    log,
    audit: { record: ({ details }: Parameters<Audit['record']>[0]) => audited.push(String(details?.['code'])), healthy: () => true } as unknown as Audit,
    metrics,
    now: () => 0,
  });
  flush = () => journal.close();
  const storeSink = createStoreSink({ spool, registrar: { record: async () => 'stored' }, admission: OPEN_ADMISSION, freeSpace: roomy, now: () => 0, onOutcome: (outcome) => journal.onStoreOutcome(outcome) });
  listener = await startListener({ port: 0, host: '127.0.0.1', storeSink, limits: { objectMaxBytes: 1000 }, onEvent: (event) => journal.onListenerEvent(event) });
  peer = await RawPeer.connect(listener.port);
  expect((await peer.send(ASSOCIATE_RQ).receive())?.[0]).toBe(2);
});
afterEach(async () => {
  peer.close();
  await listener.close();
});

const changed = (from: string, to: string): Buffer => {
  const pdu = Buffer.from(STORE_RQ);
  pdu.write(to, pdu.indexOf(from), 'latin1');
  return pdu;
};
const find = Buffer.from(STORE_RQ);
find.set(hex('2000'), 12 + 12 + 34 + 8); // CommandField: C-FIND-RQ

test.each([
  ['the sink: no UID', [changed('1.2.3.4', '../../x'), pData(3, 2, Buffer.alloc(8))], 0x0117, 'sop-instance-invalid'],
  ['the listener: an object over the ceiling', [STORE_RQ, pData(3, 0, Buffer.alloc(900)), pData(3, 2, Buffer.alloc(200))], 0xc000, 'object-too-large'],
  ['the listener: an operation that is none of ours', [find, pData(3, 2, Buffer.alloc(8))], 0x0211, 'operation-unsupported'],
])('%s', async (_who, pdus, status, code) => {
  expect(statusOf((await peer.send(...pdus).receive())!)).toBe(status);
  flush();
  expect(recorded).toEqual([code]);
  expect(audited).toEqual([code]);
  expect(lines.filter(({ name }) => name === 'instance-refused')).toEqual([{ name: 'instance-refused', code }]);
});

test('how an association ended by force is in the log, as a word that the redaction lets through', async () => {
  expect(await peer.send(ASSOCIATE_RQ).receiveAll()).toHaveLength(1);
  await expect.poll(() => lines.find(({ name }) => name === 'association-aborted')).toMatchObject({ reason: expect.stringMatching(/^unexpected:-[\w-]+/) });
  const { reason } = lines.find(({ name }) => name === 'association-aborted')!;
  expect(admitFields({ reason })).toEqual({ fields: { reason }, droppedFields: 0 });
});
