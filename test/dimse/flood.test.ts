/** Many at once: idle associations, dripping senders, garbage; one honest sender among them is always served. */
import { afterEach, describe, expect, it } from 'vitest';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener, ListenerOptions } from '../../src/dimse/listener.ts';
import type { ListenerEvent } from '../../src/dimse/listener-events.ts';
import { PduFramer } from '../../src/dimse/pdu-framer.ts';
import { ABORT_BY_USER, ASSOCIATE_RQ, STORE_RQ, abortByProvider, hex, pData, statusOf } from './encoded-pdus.ts';
import { MemorySink } from './memory-sink.ts';
import { RawPeer } from './raw-peer.ts';

let listener: Listener | undefined;
const peers: RawPeer[] = [];

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  await listener?.close();
  listener = undefined;
});

async function listen(options: Partial<ListenerOptions>): Promise<Listener> {
  listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: new MemorySink(), ...options });
  return listener;
}

/** `count` connections, a hundred at a time: the backlog of a listening socket is finite. */
async function connectMany(port: number, count: number): Promise<RawPeer[]> {
  const many: RawPeer[] = [];
  while (many.length < count) many.push(...(await Promise.all(Array.from({ length: Math.min(100, count - many.length) }, () => RawPeer.connect(port)))));
  peers.push(...many);
  return many;
}

async function storeOne(port: number): Promise<number> {
  const peer = await RawPeer.connect(port);
  peers.push(peer);
  peer.send(ASSOCIATE_RQ, STORE_RQ, pData(3, 2, Buffer.alloc(50_000)));
  expect((await peer.receive())?.[0]).toBe(2);
  return statusOf((await peer.receive())!);
}

describe('many at once', () => {
  it('1,000 idle associations are all aborted at their timeout, and their places are free again', async () => {
    const events: ListenerEvent[] = [];
    const { port } = await listen({ limits: { idleTimeoutMs: 1500 }, onEvent: (event) => events.push(event) });
    const idle = await connectMany(port, 1000);
    for (const peer of idle) peer.send(ASSOCIATE_RQ);
    expect((await Promise.all(idle.map((peer) => peer.receive()))).every((pdu) => pdu?.[0] === 2)).toBe(true);
    expect(await storeOne(port)).toBe(0);
    expect((await Promise.all(idle.map((peer) => peer.receive()))).every((pdu) => pdu?.equals(ABORT_BY_USER))).toBe(true);
    for (const peer of peers.splice(0)) peer.close();
    await expect.poll(() => listener!.associations()).toBe(0);
    expect(events.filter((event) => event.kind === 'association-ended' && event.why === 'idle timeout' && event.instanceCount === 0)).toHaveLength(1000);
  });

  it('500 dripping senders are aborted for their pace while an honest one is served', async () => {
    const storeSink = new MemorySink();
    const { port } = await listen({ storeSink, limits: { paceWindowMs: 1500, paceMinBytes: 5000 } });
    const drippers = await connectMany(port, 500);
    for (const peer of drippers) peer.send(ASSOCIATE_RQ, STORE_RQ, pData(3, 0, Buffer.alloc(60_000)).subarray(0, 20));
    await Promise.all(drippers.map((peer) => peer.receive()));
    const drip = setInterval(() => {
      for (const peer of drippers) peer.send(Uint8Array.of(0));
    }, 200);
    expect(await storeOne(port)).toBe(0);
    const endings = await Promise.all(drippers.map((peer) => peer.receive()));
    clearInterval(drip);
    expect(endings.every((pdu) => pdu?.equals(ABORT_BY_USER))).toBe(true);
    await expect.poll(() => storeSink.aborted).toHaveLength(500);
    expect(storeSink.kept).toHaveLength(1);
  });

  it('connections that say nothing, or garbage, are closed, and an honest one is served', async () => {
    const { port } = await listen({ limits: { artimTimeoutMs: 5000, closingTimeoutMs: 200 } });
    const garbage = await connectMany(port, 300);
    const silent = await connectMany(port, 300);
    for (const [index, peer] of garbage.entries()) peer.send(index % 2 === 0 ? hex('01 00 ffffffff') : Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(10_000, index));
    expect(await storeOne(port)).toBe(0);
    // In Sta2 the table says AA-1: A-ABORT as the service user.
    const answers = await Promise.all(garbage.map((peer) => peer.receive()));
    expect(answers.filter((pdu) => !pdu?.equals(ABORT_BY_USER))).toEqual([]);
    expect((await Promise.all(silent.map((peer) => peer.receive()))).every((pdu) => pdu === undefined)).toBe(true);
  });

  it('an endless stream after the abort is dropped, not kept', async () => {
    const { port } = await listen({ limits: { closingTimeoutMs: 500 } });
    const [peer] = (await connectMany(port, 1)) as [RawPeer];
    peer.send(ASSOCIATE_RQ);
    await peer.receive();
    peer.send(hex('04 00 ffffffff'));
    expect(await peer.receive()).toEqual(Buffer.from(abortByProvider(6)));
    const before = process.memoryUsage().arrayBuffers;
    const block = Buffer.alloc(1 << 20);
    const closed = new Promise<void>((resolve) => peer.socket.once('close', () => resolve()));
    const pour = (): void => {
      while (!peer.socket.destroyed && peer.socket.write(block));
    };
    peer.socket.on('drain', pour);
    pour();
    await closed;
    // Sockets recycle their read buffers lazily; hundreds of megabytes went by.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(128 << 20);
  });
});

describe('memory', () => {
  it('a length that is announced is not allocated: 1,000 requests of 256 kB cost what has come of them', () => {
    const limits = { pDataPduMaxBytes: 1 << 20, associatePduMaxBytes: 262_144 };
    const header = hex('01 00 00040000');
    const before = process.memoryUsage().arrayBuffers;
    const framers = Array.from({ length: 1000 }, () => new PduFramer(limits));
    for (const framer of framers) {
      framer.push(header);
      expect(framer.next()).toMatchObject({ kind: 'header', lengthBytes: 262_144 });
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  });
});
