import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener, ListenerOptions } from '../../src/dimse/listener.ts';
import { ERRORS } from '../../src/errors.ts';
import type { ListenerEvent } from '../../src/dimse/listener-events.ts';
import { OPEN_DOOR } from '../../src/dimse/negotiation-policy.ts';
import { REJECT } from '../../src/dimse/pdu.ts';
import { ABORT_BY_USER, ASSOCIATE_AC, ASSOCIATE_RQ, ECHO_RQ, ECHO_RSP, RELEASE_RP, RELEASE_RQ, STORE_RQ, abortByProvider, associateRj, hex, pData, statusOf } from './encoded-pdus.ts';
import { MemorySink } from './memory-sink.ts';
import { RawPeer } from './raw-peer.ts';

const open: { listeners: Listener[]; peers: RawPeer[] } = { listeners: [], peers: [] };
let events: ListenerEvent[] = [];

afterEach(async () => {
  for (const peer of open.peers.splice(0)) peer.close();
  for (const listener of open.listeners.splice(0)) await listener.close();
  events = [];
});

async function listen(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: new MemorySink(), onEvent: (event) => events.push(event), ...options });
  open.listeners.push(listener);
  return listener;
}

async function peerOf(listener: Listener): Promise<RawPeer> {
  const peer = await RawPeer.connect(listener.port);
  open.peers.push(peer);
  return peer;
}

async function associated(listener: Listener): Promise<RawPeer> {
  const peer = await peerOf(listener);
  expect((await peer.send(ASSOCIATE_RQ).receive())?.[0]).toBe(2);
  return peer;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

const kinds = (): string[] => events.map((event) => event.kind);

describe('the good way', () => {
  it('C-ECHO, byte for byte, and release', async () => {
    const peer = await associated(await listen());
    expect(await peer.send(ECHO_RQ).receive()).toEqual(Buffer.from(ECHO_RSP));
    expect(await peer.send(RELEASE_RQ).receive()).toEqual(Buffer.from(RELEASE_RP));
    peer.socket.end();
    await until(() => kinds().includes('association-ended'));
    expect(events.at(-1)).toMatchObject({ kind: 'association-ended', how: 'released', callingAeTitle: 'ROOM-1', calledAeTitle: 'FIRSTREAD' });
  });

  it('C-STORE keeps the bytes of the P-DATA and who sent them', async () => {
    const storeSink = new MemorySink();
    const peer = await associated(await listen({ storeSink }));
    // One PDV in two PDUs, an empty PDV, then a last one in the same PDU as nothing else; odd lengths.
    peer.send(STORE_RQ, pData(3, 0, Buffer.from('ab')), pData(3, 0, new Uint8Array(0)), pData(3, 2, Buffer.from('cde')));
    expect(statusOf((await peer.receive())!)).toBe(0);
    expect(storeSink.kept[0]?.bytes.toString()).toBe('abcde');
    expect(storeSink.kept[0]?.request).toMatchObject({
      affectedSopClassUid: '1.2.840.10008.5.1.4.1.1.1', affectedSopInstanceUid: '1.2.3.4', transferSyntaxUid: '1.2.840.10008.1.2.4.70',
      callingAeTitle: 'ROOM-1', calledAeTitle: 'FIRSTREAD', remoteAddress: '127.0.0.1',
    });
  });

  it('answers only after commit', async () => {
    let committed: () => void = () => {};
    const storeSink = new MemorySink({ onCommit: () => new Promise((resolve) => { committed = resolve; }) });
    const peer = await associated(await listen({ storeSink }));
    let answered = false;
    const answer = peer.send(STORE_RQ, pData(3, 2, Buffer.from('ab'))).receive().then((pdu) => { answered = true; return pdu; });
    await delay(50);
    expect(answered).toBe(false);
    committed();
    expect(statusOf((await answer)!)).toBe(0);
  });

  it('answers messages that were sent without waiting, one by one and in order', async () => {
    const storeSink = new MemorySink({ onCommit: () => delay(5) });
    const peer = await associated(await listen({ storeSink }));
    const object = pData(3, 2, Buffer.from('ab'));
    peer.send(Buffer.concat([STORE_RQ, object, ECHO_RQ, STORE_RQ, object, RELEASE_RQ]));
    const answers = [await peer.receive(), await peer.receive(), await peer.receive(), await peer.receive()];
    expect(answers.map((pdu) => pdu![0])).toEqual([4, 4, 4, 6]);
    expect(answers[1]).toEqual(Buffer.from(ECHO_RSP));
    expect(storeSink.kept).toHaveLength(2);
  });

  it('ignores C-CANCEL and answers operations it does not know with 0211H, their data set drained', async () => {
    const peer = await associated(await listen());
    const cancel = Buffer.from(ECHO_RQ);
    cancel.set(hex('ff0f'), 12 + 12 + 26 + 8); // CommandField: C-CANCEL-RQ
    const find = Buffer.from(STORE_RQ);
    find.set(hex('2000'), 12 + 12 + 34 + 8); // CommandField: C-FIND-RQ
    peer.send(cancel, find, pData(3, 0, Buffer.alloc(1000)), pData(3, 2, Buffer.alloc(9)), ECHO_RQ);
    expect(statusOf((await peer.receive())!)).toBe(0x0211);
    expect(await peer.receive()).toEqual(Buffer.from(ECHO_RSP));
  });
});

describe('refusals of objects keep the association', () => {
  it('the sink’s refusal is answered once the data set has been drained', async () => {
    const storeSink = new MemorySink({ refuse: { status: 0xa700, errorComment: 'disk full' } });
    const peer = await associated(await listen({ storeSink }));
    peer.send(STORE_RQ, pData(3, 0, Buffer.alloc(100)), pData(3, 2, Buffer.alloc(100)));
    const answer = (await peer.receive())!;
    expect(statusOf(answer)).toBe(0xa700);
    expect(answer.includes('disk full')).toBe(true);
    storeSink.options = {};
    expect(statusOf((await peer.send(STORE_RQ, pData(3, 2, Buffer.alloc(2))).receive())!)).toBe(0);
  });

  it.each([
    ['throws', () => { throw new Error('EIO'); }],
    ['rejects', () => Promise.reject(new Error('EIO'))],
  ])('a sink whose write %s: never 0000H', async (_how, onWrite) => {
    const storeSink = new MemorySink({ onWrite });
    const peer = await associated(await listen({ storeSink }));
    for (const pieces of [[pData(3, 0, Buffer.alloc(10)), pData(3, 2, Buffer.alloc(10))], [pData(3, 2, Buffer.alloc(10))]]) {
      expect(statusOf((await peer.send(STORE_RQ, ...pieces).receive())!)).toBe(0xa700);
    }
    expect(storeSink.kept).toEqual([]);
    expect(storeSink.aborted).toHaveLength(2);
  });

  it('an object over the size limit is drained and answered, twice over is cut off', async () => {
    const storeSink = new MemorySink();
    const listener = await listen({ storeSink, limits: { objectMaxBytes: 1000 } });
    const peer = await associated(listener);
    expect(statusOf((await peer.send(STORE_RQ, pData(3, 0, Buffer.alloc(900)), pData(3, 2, Buffer.alloc(200))).receive())!)).toBe(ERRORS['object-too-large'].dicomStatus);
    expect(statusOf((await peer.send(STORE_RQ, pData(3, 2, Buffer.alloc(1000))).receive())!)).toBe(0);
    peer.send(STORE_RQ, pData(3, 0, Buffer.alloc(1001)), pData(3, 0, Buffer.alloc(1000)));
    expect(await peer.receive()).toEqual(Buffer.from(ABORT_BY_USER));
    expect(storeSink.aborted).toEqual(['over the size limit', 'over the size limit']);
    expect(storeSink.kept).toHaveLength(1);
    expect(events.filter(({ kind }) => kind === 'message-refused')).toMatchObject([
      { code: 'object-too-large', status: 0xc000, byteLength: 1100, callingAeTitle: 'ROOM-1' },
      { code: 'object-too-large', status: 0xc000, byteLength: 1001 },
    ]);
  });

  const withoutDataSet = Buffer.from(STORE_RQ);
  withoutDataSet.set(hex('0101'), withoutDataSet.indexOf(hex('0000 0008 02000000')) + 8);
  const ofEcho = Buffer.from(STORE_RQ);
  ofEcho[10] = 1; // on the presentation context of Verification
  it.each([
    ['no data set', [withoutDataSet], 0xc000, 'data-set-missing'],
    ['on a Verification context', [ofEcho, pData(1, 2, Buffer.alloc(8))], 0x0122, 'sop-class-refused'],
  ])('%s', async (_what, pdus, status, code) => {
    const storeSink = new MemorySink();
    const peer = await associated(await listen({ storeSink }));
    expect(statusOf((await peer.send(...pdus).receive())!)).toBe(status);
    expect(storeSink.begun).toBe(0);
    expect(events.filter(({ kind }) => kind === 'message-refused')).toMatchObject([{ code, status }]);
    expect(await peer.send(ECHO_RQ).receive()).toEqual(Buffer.from(ECHO_RSP));
  });

  it.each([
    ['4.1.1.1\0', '4.1.1.2\0', { affectedSopClassUid: '1.2.840.10008.5.1.4.1.1.2' }],
    ['1.2.3.4', '../../x', { affectedSopInstanceUid: '../../x' }],
    ['1.2.3.4', '       ', { affectedSopInstanceUid: '' }],
  ])('%j written as %j is the sink’s to judge', async (from, to, request) => {
    const storeSink = new MemorySink();
    const peer = await associated(await listen({ storeSink }));
    const changed = Buffer.from(STORE_RQ);
    changed.write(to, changed.indexOf(from), 'latin1');
    expect(statusOf((await peer.send(changed, pData(3, 2, Buffer.alloc(8))).receive())!)).toBe(0);
    expect(storeSink.kept[0]?.request).toMatchObject(request);
  });
});

describe('every PDU in every state an acceptor can be seen in', () => {
  const PDUS: readonly (readonly [string, Uint8Array])[] = [
    ['A-ASSOCIATE-RQ', ASSOCIATE_RQ], ['A-ASSOCIATE-AC', ASSOCIATE_AC], ['A-ASSOCIATE-RJ', associateRj(1, 1, 1)], ['P-DATA-TF', ECHO_RQ],
    ['A-RELEASE-RQ', RELEASE_RQ], ['A-RELEASE-RP', RELEASE_RP], ['A-ABORT', ABORT_BY_USER], ['unknown', hex('63 00 00000004 00000000')],
    ['a header only, of a PDU that is out of place', hex('02 00 00000100')],
  ];
  const BY_USER = [ABORT_BY_USER];
  const UNEXPECTED = [abortByProvider(2)];
  const ANSWERS: Record<string, readonly (readonly Uint8Array[] | 'accepted' | 'echo' | 'released' | 'closed')[]> = {
    Sta2: ['accepted', BY_USER, BY_USER, BY_USER, BY_USER, BY_USER, 'closed', BY_USER, BY_USER],
    Sta6: [UNEXPECTED, UNEXPECTED, UNEXPECTED, 'echo', 'released', UNEXPECTED, 'closed', [abortByProvider(1)], UNEXPECTED],
  };
  const cases = Object.entries(ANSWERS).flatMap(([state, answers]) => PDUS.map(([name, pdu], index) => [state, name, pdu, answers[index]!] as const));

  it.each(cases)('%s: %s', async (state, _name, pdu, expected) => {
    const listener = await listen();
    const peer = state === 'Sta2' ? await peerOf(listener) : await associated(listener);
    peer.send(pdu);
    if (expected === 'accepted') expect((await peer.receive())?.[0]).toBe(2);
    else if (expected === 'echo') expect(await peer.receive()).toEqual(Buffer.from(ECHO_RSP));
    else if (expected === 'released') expect(await peer.receive()).toEqual(Buffer.from(RELEASE_RP));
    else expect(await peer.receiveAll()).toEqual(expected === 'closed' ? [] : expected.map((each) => Buffer.from(each)));
  });

  it('Sta13: whatever follows an A-ABORT is ignored, and the peer’s own A-ABORT closes', async () => {
    const listener = await listen();
    const peer = await peerOf(listener);
    peer.send(ECHO_RQ);
    expect(await peer.receiveAll()).toEqual([Buffer.from(ABORT_BY_USER)]);
    peer.send(ECHO_RQ, ASSOCIATE_RQ, RELEASE_RQ, ABORT_BY_USER);
    await new Promise((resolve) => { peer.socket.once('close', resolve); peer.socket.end(); });
    expect(kinds()).toEqual(['association-refused']);
  });
});

describe('messages that break the rules', () => {
  it.each([
    ['a context that was not accepted', [pData(9, 3, ECHO_RQ.subarray(12))], abortByProvider(6)],
    ['a data set on another context than its command', [STORE_RQ, pData(1, 2, Buffer.alloc(4))], abortByProvider(6)],
    ['a data set before its command', [pData(3, 2, Buffer.alloc(4))], ABORT_BY_USER],
    ['a command inside a data set', [STORE_RQ, pData(3, 0, Buffer.alloc(4)), ECHO_RQ], ABORT_BY_USER],
    ['a command set over the ceiling', [pData(1, 1, Buffer.alloc(10_000)), pData(1, 1, Buffer.alloc(10_000))], ABORT_BY_USER],
    ['a damaged command set', [pData(1, 3, Buffer.from('not a command'))], ABORT_BY_USER],
    ['a response to nothing', [ECHO_RSP], ABORT_BY_USER],
    ['a PDV longer than its PDU', [hex('04 00 00000008 00000100 03 02 0000')], abortByProvider(6)],
    ['a P-DATA-TF of length 0', [hex('04 00 00000000')], abortByProvider(6)],
    ['a P-DATA-TF of 4 GiB', [hex('04 00 ffffffff')], abortByProvider(6)],
  ])('%s', async (_what, pdus, answer) => {
    const storeSink = new MemorySink();
    const peer = await associated(await listen({ storeSink }));
    peer.send(...pdus);
    expect(await peer.receiveAll()).toEqual([Buffer.from(answer)]);
    expect(storeSink.kept).toEqual([]);
    expect(storeSink.aborted).toHaveLength(storeSink.begun);
  });

  it('a malformed A-ASSOCIATE-RQ is an invalid PDU', async () => {
    const listener = await listen();
    const peer = await peerOf(listener);
    const broken = Buffer.from(ASSOCIATE_RQ);
    broken.writeUInt16BE(0xffff, 6 + 68 + 2); // the first item reaches past the PDU
    expect(await peer.send(broken).receiveAll()).toEqual([Buffer.from(ABORT_BY_USER)]);
    expect(events[0]).toMatchObject({ kind: 'association-refused', how: 'aborted', why: expect.stringContaining('item') });
  });
});

describe('rejections', () => {
  it('of a protocol version to come, by the service provider', async () => {
    const peer = await peerOf(await listen());
    const other = Buffer.from(ASSOCIATE_RQ);
    other.writeUInt16BE(2, 6);
    expect(await peer.send(other).receiveAll()).toEqual([Buffer.from(associateRj(1, 2, 2))]);
  });

  it('by policy are recorded with who, from where and why', async () => {
    const policy = { ...OPEN_DOOR, admit: () => ({ ...REJECT.callingAeTitleNotRecognized, code: 'address-not-allowed' }) };
    const peer = await peerOf(await listen({ policy }));
    expect(await peer.send(ASSOCIATE_RQ).receiveAll()).toEqual([Buffer.from(associateRj(1, 1, 3))]);
    expect(events).toEqual([expect.objectContaining({
      kind: 'association-refused', how: 'rejected', callingAeTitle: 'ROOM-1', remoteAddress: '127.0.0.1',
      reject: { result: 1, source: 1, reason: 3, code: 'address-not-allowed' },
    })]);
  });

  it('beyond the ceiling on associations, until one leaves', async () => {
    const listener = await listen({ limits: { associationsMax: 2 } });
    const first = await associated(listener);
    await associated(listener);
    const third = await peerOf(listener);
    expect(await third.send(ASSOCIATE_RQ).receiveAll()).toEqual([Buffer.from(associateRj(2, 3, 2))]);
    await first.send(RELEASE_RQ).receive();
    expect(listener.associations()).toBe(1);
    await associated(listener);
  });

  it('beyond the ceiling of one address', async () => {
    const listener = await listen({ limits: { associationsPerPeerMax: 1 } });
    await associated(listener);
    const second = await peerOf(listener);
    expect(await second.send(ASSOCIATE_RQ).receiveAll()).toEqual([Buffer.from(associateRj(2, 3, 2))]);
    expect(events.at(-1)).toMatchObject({ reject: { code: 'associations-per-peer-max' } });
  });

  it('connections beyond the ceiling are closed without an answer', async () => {
    const listener = await listen({ limits: { connectionsPerPeerMax: 1 } });
    const first = await peerOf(listener);
    const second = await peerOf(listener);
    expect(await second.receiveAll()).toEqual([]);
    expect(events).toEqual([expect.objectContaining({ kind: 'connection-refused', why: 'connections-per-peer-max' })]);
    expect((await first.send(ASSOCIATE_RQ).receive())?.[0]).toBe(2);
  });
});

describe('time', () => {
  it('ARTIM closes a connection that asks for nothing', async () => {
    const peer = await peerOf(await listen({ limits: { artimTimeoutMs: 40 } }));
    peer.send(ASSOCIATE_RQ.subarray(0, 100));
    expect(await peer.receiveAll()).toEqual([]);
    expect(events).toEqual([expect.objectContaining({ kind: 'association-refused', how: 'artim-expired' })]);
  });

  it('ARTIM closes a connection that its aborted peer leaves open', async () => {
    const listener = await listen({ limits: { closingTimeoutMs: 40, connectionsMax: 1 } });
    const peer = await peerOf(listener);
    expect(await peer.send(ECHO_RQ).receiveAll()).toEqual([Buffer.from(ABORT_BY_USER)]);
    // Its place is free again although it never closed.
    let answer: Buffer | undefined;
    while (answer === undefined) answer = await (await peerOf(listener)).send(ASSOCIATE_RQ).receive();
    expect(answer[0]).toBe(2);
  });

  it('an idle association is aborted', async () => {
    const peer = await associated(await listen({ limits: { idleTimeoutMs: 40 } }));
    expect(await peer.receiveAll()).toEqual([Buffer.from(ABORT_BY_USER)]);
    expect(events.at(-1)).toMatchObject({ kind: 'association-ended', why: 'idle timeout' });
  });

  it('but not while the answer is ours to give', async () => {
    const storeSink = new MemorySink({ onCommit: () => delay(200) });
    const peer = await associated(await listen({ storeSink, limits: { idleTimeoutMs: 40 } }));
    expect(statusOf((await peer.send(STORE_RQ, pData(3, 2, Buffer.alloc(4))).receive())!)).toBe(0);
  });

  it('a sender that drips bytes never lets the idle timer run out, and is aborted for its pace', async () => {
    const storeSink = new MemorySink();
    const peer = await associated(await listen({ storeSink, limits: { idleTimeoutMs: 10_000, paceWindowMs: 60, paceMinBytes: 1000 } }));
    peer.send(STORE_RQ, pData(3, 0, Buffer.alloc(2000)).subarray(0, 20));
    const drip = setInterval(() => peer.send(Uint8Array.of(0)), 10);
    expect(await peer.receiveAll()).toEqual([Buffer.from(ABORT_BY_USER)]);
    clearInterval(drip);
    expect(storeSink.aborted).toEqual(['slower than the least pace']);
  });

  it('a slow disk is not a slow sender', async () => {
    const storeSink = new MemorySink({ onWrite: () => delay(100) });
    const peer = await associated(await listen({ storeSink, limits: { idleTimeoutMs: 40, paceWindowMs: 30, paceMinBytes: 100_000 } }));
    expect(statusOf((await peer.send(STORE_RQ, pData(3, 0, Buffer.alloc(1000)), pData(3, 2, Buffer.alloc(1000))).receive())!)).toBe(0);
  });
});

describe('backpressure', () => {
  it('a sink that does not take more stops the sender', async () => {
    let release: () => void = () => {};
    const storeSink = new MemorySink({ onWrite: () => new Promise((resolve) => { release = resolve; }) });
    const peer = await associated(await listen({ storeSink }));
    peer.send(STORE_RQ);
    const block = pData(3, 0, Buffer.alloc(1 << 19));
    let sent = 0;
    while (sent < 128) {
      peer.socket.write(block);
      sent++;
      if (peer.socket.writableLength > 32 << 20) break;
    }
    await delay(50);
    // Kernel buffers take some; the listener must not have taken the rest.
    expect(peer.socket.writableLength).toBeGreaterThan(16 << 20);
    storeSink.options = {};
    release();
    peer.send(pData(3, 2, new Uint8Array(0)));
    expect(statusOf((await peer.receive())!)).toBe(0);
    expect(storeSink.kept[0]?.bytes.length).toBe(sent << 19);
  });

  it('a peer that does not read its answers is not read from', async () => {
    const listener = await listen({ limits: { idleTimeoutMs: 300 } });
    const peer = await associated(listener);
    peer.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 5000 }, () => ECHO_RQ));
    for (let index = 0; index < 60; index++) peer.send(flood);
    await until(() => kinds().includes('association-ended'));
    expect(events.at(-1)).toMatchObject({ why: 'idle timeout' });
    expect(peer.socket.writableLength).toBeGreaterThan(0);
  });
});

describe('a connection lost', () => {
  it('in the middle of an object: the sink is told to forget it', async () => {
    const storeSink = new MemorySink();
    const peer = await associated(await listen({ storeSink }));
    peer.send(STORE_RQ, pData(3, 0, Buffer.alloc(100)));
    await until(() => storeSink.begun === 1);
    peer.close();
    await until(() => storeSink.aborted.length === 1);
    expect(storeSink.kept).toEqual([]);
  });

  it('while committing: the commit stands', async () => {
    const storeSink = new MemorySink({ onCommit: () => delay(50) });
    const peer = await associated(await listen({ storeSink }));
    peer.send(STORE_RQ, pData(3, 2, Buffer.alloc(100)));
    await until(() => storeSink.begun === 1);
    peer.close();
    await until(() => storeSink.kept.length === 1);
    expect(storeSink.aborted).toEqual([]);
  });
});

describe('closing', () => {
  it('lets current associations finish and refuses new ones as transient', async () => {
    const storeSink = new MemorySink();
    const listener = await listen({ storeSink });
    const peer = await associated(listener);
    peer.send(STORE_RQ, pData(3, 0, Buffer.alloc(100)));
    await until(() => storeSink.begun === 1);
    const closed = listener.close({ graceMs: 10_000 });
    const late = await peerOf(listener);
    expect(await late.send(ASSOCIATE_RQ).receiveAll()).toEqual([Buffer.from(associateRj(2, 3, 1))]);
    expect(statusOf((await peer.send(pData(3, 2, Buffer.alloc(100))).receive())!)).toBe(0);
    expect(await peer.send(RELEASE_RQ).receive()).toEqual(Buffer.from(RELEASE_RP));
    await closed;
    expect(storeSink.kept).toHaveLength(1);
  });

  it('aborts what has not finished within the grace', async () => {
    const storeSink = new MemorySink();
    const listener = await listen({ storeSink });
    const peer = await associated(listener);
    peer.send(STORE_RQ, pData(3, 0, Buffer.alloc(100)));
    await until(() => storeSink.begun === 1);
    await listener.close({ graceMs: 50 });
    expect(await peer.receiveAll()).toEqual([Buffer.from(ABORT_BY_USER)]);
    expect(storeSink.aborted).toEqual(['shutting down']);
  });

  it('waits for what a sink is still committing', async () => {
    const storeSink = new MemorySink({ onCommit: () => delay(100) });
    const listener = await listen({ storeSink });
    const peer = await associated(listener);
    peer.send(STORE_RQ, pData(3, 2, Buffer.alloc(100)));
    await until(() => storeSink.begun === 1);
    await listener.close();
    expect(storeSink.kept).toHaveLength(1);
  });
});
