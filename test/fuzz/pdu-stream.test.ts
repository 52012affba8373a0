/**
 * Streams nobody meant: mutated and random ones, in any chunking, against a live listener. It must answer or close every
 * one, forget every half object, throw nothing, and go on serving. Property tests replay from the seed fast-check prints.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener } from '../../src/dimse/listener.ts';
import { ABORT_BY_USER, ASSOCIATE_RQ, ECHO_RQ, ECHO_RSP, RELEASE_RQ, STORE_RQ, pData } from '../dimse/encoded-pdus.ts';
import { MemorySink } from '../dimse/memory-sink.ts';
import { RawPeer } from '../dimse/raw-peer.ts';

const sink = new MemorySink();
let listener: Listener;
const uncaught: unknown[] = [];
const remember = (error: unknown): void => { uncaught.push(error); };

beforeAll(async () => {
  process.on('uncaughtException', remember).on('unhandledRejection', remember);
  listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: sink, limits: { artimTimeoutMs: 2000, idleTimeoutMs: 2000, closingTimeoutMs: 500, objectMaxBytes: 1 << 20 } });
});

afterAll(async () => {
  await listener.close();
  process.off('uncaughtException', remember).off('unhandledRejection', remember);
});

/** Sends a stream in pieces, closes our half, and waits until the listener has closed the other. */
async function send(stream: Uint8Array, cuts: readonly number[]): Promise<Buffer[]> {
  const peer = await RawPeer.connect(listener.port);
  const edges = [...new Set(cuts.map((each) => each % (stream.length + 1)))].sort((a, b) => a - b);
  for (const [index, start] of [0, ...edges].entries()) {
    peer.send(stream.subarray(start, edges[index] ?? stream.length));
    await new Promise((resolve) => setImmediate(resolve));
  }
  peer.socket.end();
  const answers = await peer.receiveAll();
  peer.close();
  return answers;
}

async function stillServes(): Promise<void> {
  const peer = await RawPeer.connect(listener.port);
  peer.send(ASSOCIATE_RQ, ECHO_RQ);
  expect((await peer.receive())?.[0]).toBe(2);
  expect(await peer.receive()).toEqual(Buffer.from(ECHO_RSP));
  peer.close();
  await expect.poll(() => listener.associations()).toBe(0);
}

const cutsArb = fc.array(fc.nat(), { maxLength: 8 });

describe('a live listener', () => {
  it('survives mutations of a whole conversation', async () => {
    const conversation = Buffer.concat([ASSOCIATE_RQ, ECHO_RQ, STORE_RQ, pData(3, 0, Buffer.alloc(200)), pData(3, 2, Buffer.alloc(100)), RELEASE_RQ]);
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), at: fc.nat(conversation.length - 1), byte: fc.nat(255) }),
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat(conversation.length - 1), byte: fc.nat(60) }),
      fc.record({ kind: fc.constant('double' as const), at: fc.nat(conversation.length - 1), byte: fc.nat(60) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 5 }), cutsArb, async (mutations, cuts) => {
        let stream = Buffer.from(conversation);
        for (const { kind, at, byte } of mutations) {
          if (kind === 'set') stream[at % stream.length] = byte;
          else if (kind === 'cut') stream = Buffer.concat([stream.subarray(0, at), stream.subarray(at + byte)]);
          else stream = Buffer.concat([stream.subarray(0, at + byte), stream.subarray(at)]);
        }
        await send(stream, cuts);
        expect(uncaught).toEqual([]);
      }),
      { numRuns: 300 },
    );
    await stillServes();
    expect(sink.begun).toBe(sink.kept.length + sink.aborted.length);
  });

  it('survives streams of random PDUs and of random bytes', async () => {
    const all = [ASSOCIATE_RQ, ECHO_RQ, STORE_RQ, RELEASE_RQ, ABORT_BY_USER];
    const piece = fc.oneof(
      fc.constantFrom(...all),
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(fc.constantFrom(1, 3, 5), fc.nat(3), fc.uint8Array({ maxLength: 64 })).map(([id, control, bytes]) => pData(id, control, bytes)),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(piece, { minLength: 1, maxLength: 10 }), cutsArb, async (associates, pieces, cuts) => {
        await send(Buffer.concat(associates ? [ASSOCIATE_RQ, ...pieces] : pieces), cuts);
        expect(uncaught).toEqual([]);
      }),
      { numRuns: 300 },
    );
    await stillServes();
    expect(sink.begun).toBe(sink.kept.length + sink.aborted.length);
  });

  it('answers only with PDUs of its own, whatever it is sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 6, maxLength: 200 }), async (bytes) => {
        for (const pdu of await send(bytes, [])) expect([2, 3, 7]).toContain(pdu[0]);
      }),
      { numRuns: 100 },
    );
  });
});
