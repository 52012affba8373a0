import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PduFramer } from '../../src/dimse/pdu-framer.ts';
import type { FramerEvent } from '../../src/dimse/pdu-framer.ts';
import { ABORT_BY_USER, ASSOCIATE_RQ, ECHO_RQ, RELEASE_RQ, hex, pData } from './encoded-pdus.ts';

const LIMITS = { pDataPduMaxBytes: 1 << 20, associatePduMaxBytes: 1 << 16 };

function frame(chunks: readonly Uint8Array[], framer = new PduFramer(LIMITS)): FramerEvent[] {
  const events: FramerEvent[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let event = framer.next(); event !== undefined; event = framer.next()) events.push(event);
  }
  return events;
}

/** Fragments of one PDV joined, so that streams cut differently can be compared. */
function joined(events: readonly FramerEvent[]): unknown[] {
  const told: unknown[] = [];
  let bytes = '';
  for (const event of events) {
    if (event.kind === 'body') told.push(['body', event.pduType, Buffer.from(event.body).toString('hex')]);
    else if (event.kind !== 'fragment') told.push(event);
    else {
      bytes += Buffer.from(event.bytes).toString('hex');
      if (event.isLast) told.push([event.contextId, event.isCommand, bytes]);
      if (event.isLast) bytes = '';
    }
  }
  told.push(['left', bytes]);
  return told;
}

function cut(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [...new Set(cuts.map((each) => each % (stream.length + 1)))].sort((a, b) => a - b);
  return [0, ...edges].map((start, index) => stream.subarray(start, edges[index] ?? stream.length));
}

/** Several PDVs in one P-DATA-TF. */
function pDataOf(pdvs: readonly (readonly [number, number, Uint8Array])[]): Uint8Array {
  const items = Buffer.concat(pdvs.map(([contextId, control, fragment]) => pData(contextId, control, fragment).subarray(6)));
  const header = Buffer.from([4, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(items.length, 2);
  return Buffer.concat([header, items]);
}

describe('framing', () => {
  it('tells the header of a PDU before its body has come', () => {
    expect(frame([RELEASE_RQ.subarray(0, 6)])).toEqual([{ kind: 'header', pduType: 5, lengthBytes: 4 }]);
  });

  it('hands fragments on as they come, without waiting for the PDV, and without copying', () => {
    const pdu = pData(3, 2, Buffer.alloc(100, 7));
    const first = pdu.subarray(0, 50);
    const [header, fragment] = frame([first]);
    expect(header).toEqual({ kind: 'header', pduType: 4, lengthBytes: 106 });
    expect(fragment).toMatchObject({ kind: 'fragment', contextId: 3, isCommand: false, isLast: false });
    expect(fragment?.kind === 'fragment' && fragment.bytes.buffer === first.buffer).toBe(true);
  });

  it('says "last" only with the last byte of a last PDV', () => {
    const pdu = pDataOf([[1, 2, Buffer.alloc(4)], [1, 0, Buffer.alloc(4)], [1, 2, Buffer.alloc(0)]]);
    const lasts = frame([...pdu].map((byte) => Uint8Array.of(byte))).flatMap((event) => (event.kind === 'fragment' ? [event.isLast] : []));
    expect(lasts).toEqual([false, false, false, true, false, false, false, false, true]);
  });

  it('is the same for any chunking', () => {
    const pduArb = fc.oneof(
      fc.constantFrom(RELEASE_RQ, ABORT_BY_USER, ASSOCIATE_RQ, ECHO_RQ),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 40 })), { minLength: 1, maxLength: 4 }).map(pDataOf),
    );
    fc.assert(
      fc.property(fc.array(pduArb, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 20 }), (pdus, cuts) => {
        const stream = Buffer.concat(pdus);
        expect(joined(frame(cut(stream, cuts)))).toEqual(joined(frame([stream])));
      }),
      { numRuns: 300 },
    );
  });

  it('is the same for any chunking of a damaged stream, ends at the refusal, and never throws', () => {
    const stream = Buffer.concat([ASSOCIATE_RQ, ECHO_RQ, pData(3, 2, Buffer.alloc(64)), RELEASE_RQ]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(stream.length - 1), fc.nat(255)), { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 20 }), (damage, cuts) => {
        const damaged = Buffer.from(stream);
        for (const [at, byte] of damage) damaged[at] = byte;
        const events = frame(cut(damaged, cuts));
        expect(joined(events)).toEqual(joined(frame([damaged])));
        const refused = events.findIndex((event) => event.kind === 'refused');
        expect(refused === -1 || refused === events.length - 1).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('drops the rest of a PDU when told to, and goes on with the next', () => {
    const framer = new PduFramer(LIMITS);
    framer.push(Buffer.concat([ASSOCIATE_RQ.subarray(0, 40)]));
    expect(framer.next()).toMatchObject({ kind: 'header', pduType: 1 });
    framer.skipPdu();
    expect(frame([ASSOCIATE_RQ.subarray(40), RELEASE_RQ], framer)).toMatchObject([{ kind: 'header', pduType: 5 }, { kind: 'body', pduType: 5 }]);
    expect(framer.isBetweenPdus).toBe(true);
  });
});

describe('refusals, on six bytes', () => {
  it.each([
    ['a P-DATA-TF of length 0', '04 00 00000000', 6],
    ['a P-DATA-TF of 4 GiB', '04 00 ffffffff', 6],
    ['a P-DATA-TF one byte over the ceiling', '04 00 00100001', 6],
    ['a P-DATA-TF too short for a PDV', '04 00 00000005', 6],
    ['an A-ASSOCIATE-RQ of 4 GiB', '01 00 ffffffff', 6],
    ['an A-ASSOCIATE-RQ of length 0', '01 00 00000000', 6],
    ['an A-ASSOCIATE-AC over the ceiling', '02 00 00010001', 6],
    ['an A-RELEASE-RQ of length 5', '05 00 00000005', 6],
    ['an A-ABORT of length 0', '07 00 00000000', 6],
    ['type 0', '00 00 00000004', 1],
    ['type 8', '08 00 00000004', 1],
    ['an HTTP request', '47 45 54202f20', 1],
    ['a TLS client hello', '16 03 01020001', 1],
  ])('%s', (_what, header, abortReason) => {
    expect(frame([hex(header)])).toEqual([expect.objectContaining({ kind: 'refused', abortReason })]);
  });

  it.each([
    ['a PDV longer than its PDU', '04 00 00000008 00000100 01 02 0000'],
    ['a PDV of length 0', '04 00 00000008 00000000 01 02 0000'],
    ['a PDV of length 1', '04 00 00000008 00000001 01 02 0000'],
    ['a PDV of 4 GiB', '04 00 00000008 ffffffff 01 02 0000'],
    ['bytes after the last PDV', '04 00 0000000a 00000004 01 02 0000 0000'],
  ])('%s', (_what, pdu) => {
    expect(frame([hex(pdu)]).at(-1)).toMatchObject({ kind: 'refused', abortReason: 6 });
  });

  it('holds nothing of what comes after', () => {
    const framer = new PduFramer(LIMITS);
    expect(frame([hex('08 00 00000004')], framer)).toHaveLength(1);
    expect(frame([RELEASE_RQ, Buffer.alloc(1 << 20)], framer)).toEqual([]);
  });

  it('takes odd fragment lengths and both bounds of the ceiling', () => {
    expect(frame([pData(1, 2, Buffer.alloc(33))]).at(-1)).toMatchObject({ kind: 'fragment', isLast: true });
    const exact = pData(1, 2, Buffer.alloc(LIMITS.pDataPduMaxBytes - 6));
    expect(frame([exact]).at(-1)).toMatchObject({ isLast: true });
  });
});
