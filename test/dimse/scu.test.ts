import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { judgeStoreStatus } from '../../src/dimse/association-error.ts';
import { COMMAND_FIELD, NO_DATA_SET, encodeCommandSet } from '../../src/dimse/command.ts';
import type { CommandSet } from '../../src/dimse/command.ts';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener, ListenerOptions } from '../../src/dimse/listener.ts';
import { OPEN_DOOR } from '../../src/dimse/negotiation-policy.ts';
import { REJECT } from '../../src/dimse/pdu.ts';
import { openAssociation } from '../../src/dimse/scu.ts';
import type { Association, AssociationOptions } from '../../src/dimse/scu.ts';
import { ABORT_BY_USER, ASSOCIATE_AC, ASSOCIATE_RQ, ECHO_RSP, RELEASE_RP, RELEASE_RQ, STORE_RQ, abortByProvider, associateRj, hex, pData } from './encoded-pdus.ts';
import { MemorySink } from './memory-sink.ts';
import { RawPeer } from './raw-peer.ts';

const CR = '1.2.840.10008.5.1.4.1.1.1';
const CONTEXTS = [
  { abstractSyntaxUid: '1.2.840.10008.1.1', transferSyntaxUids: ['1.2.840.10008.1.2'] },
  { abstractSyntaxUid: CR, transferSyntaxUids: ['1.2.840.10008.1.2.4.70'] },
];
const OBJECT = { sopClassUid: CR, sopInstanceUid: '1.2.3.4', transferSyntaxUid: '1.2.840.10008.1.2.4.70' };

const servers: Server[] = [];
const listeners: Listener[] = [];
const associations: Association[] = [];

afterEach(async () => {
  for (const association of associations.splice(0)) association.abort();
  for (const server of servers.splice(0)) server.close();
  for (const listener of listeners.splice(0)) await listener.close();
});

async function open(port: number, options: Partial<AssociationOptions> = {}): Promise<Association> {
  const association = await openAssociation({ host: '127.0.0.1', port, callingAeTitle: 'ROOM-1', calledAeTitle: 'FIRSTREAD', presentationContexts: CONTEXTS, ...options });
  associations.push(association);
  return association;
}

async function listen(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: new MemorySink(), ...options });
  listeners.push(listener);
  return listener;
}

/** A scripted acceptor: what one connection does. */
async function scripted(script: (peer: RawPeer) => Promise<void>): Promise<number> {
  const server = createServer((socket) => {
    const peer = new RawPeer(socket);
    void script(peer);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function* pieces(...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const [index, size] of sizes.entries()) yield Buffer.alloc(size, index + 1);
}

describe('against our own listener', () => {
  it('echoes, stores bytes as they are in one piece or many, and releases', async () => {
    const storeSink = new MemorySink();
    const listener = await listen({ storeSink });
    const association = await open(listener.port);
    expect(association.contexts.map((context) => context.id)).toEqual([1, 3]);
    expect(await association.cEcho()).toBe(0);
    const whole = Buffer.alloc(300_001, 9);
    expect(await association.cStore({ ...OBJECT, dataSet: whole })).toEqual({ status: 0 });
    expect(await association.cStore({ ...OBJECT, dataSet: pieces(1, 0, 131_066, 131_067, 7) })).toEqual({ status: 0 });
    expect(await association.cStore({ ...OBJECT, dataSet: pieces() })).toEqual({ status: 0 });
    await association.release();
    expect(listener.associations()).toBe(0);
    expect(storeSink.kept.map((kept) => kept.bytes.length)).toEqual([300_001, 262_141, 0]);
    expect(storeSink.kept[0]?.bytes.equals(whole)).toBe(true);
  });

  it('keeps to the peer’s maximum length, for commands too', async () => {
    const storeSink = new MemorySink();
    const listener = await listen({ storeSink, limits: { pDataPduAnnouncedBytes: 70, pDataPduMaxBytes: 70 } });
    const association = await open(listener.port);
    expect(await association.cStore({ ...OBJECT, dataSet: Buffer.alloc(1000, 5) })).toEqual({ status: 0 });
    expect(storeSink.kept[0]?.bytes).toEqual(Buffer.alloc(1000, 5));
  });

  it('tells the refusal of an object', async () => {
    const listener = await listen({ storeSink: new MemorySink({ refuse: { status: 0xa700, errorComment: 'disk full' } }) });
    const association = await open(listener.port);
    expect(await association.cStore({ ...OBJECT, dataSet: Buffer.alloc(10) })).toEqual({ status: 0xa700, errorComment: 'disk full' });
    expect(await association.cEcho()).toBe(0);
  });

  it('a context that was not accepted is a permanent error, and the association goes on', async () => {
    const listener = await listen({ policy: { acceptsAbstractSyntax: () => false } });
    const association = await open(listener.port);
    await expect(association.cStore({ ...OBJECT, dataSet: Buffer.alloc(10) })).rejects.toMatchObject({ code: 'context-not-accepted', isPermanent: true });
    expect(await association.cEcho()).toBe(0);
  });

  it('rejections are permanent or transient as the peer says', async () => {
    const stranger = await listen({ policy: { ...OPEN_DOOR, admit: () => REJECT.callingAeTitleNotRecognized } });
    await expect(open(stranger.port)).rejects.toMatchObject({ code: 'association-rejected', isPermanent: true, message: expect.stringContaining('calling AE title') });
    const full = await listen({ limits: { associationsMax: 0 } });
    await expect(open(full.port)).rejects.toMatchObject({ code: 'association-rejected-transient', isPermanent: false });
  });

  it('a read error in the middle of an object aborts: half an object is never taken for a whole', async () => {
    const storeSink = new MemorySink();
    const listener = await listen({ storeSink });
    const association = await open(listener.port);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1000);
      yield Buffer.alloc(1000);
      throw new Error('EIO');
    }
    await expect(association.cStore({ ...OBJECT, dataSet: broken() })).rejects.toThrow('EIO');
    await listener.close({ graceMs: 1000 });
    listeners.length = 0;
    expect(storeSink.kept).toEqual([]);
    expect(storeSink.aborted).toHaveLength(1);
  });
});

describe('against a scripted acceptor', () => {
  it('a closed port is unreachable', async () => {
    const port = await scripted(async () => {});
    servers.splice(0).forEach((server) => server.close());
    await expect(open(port)).rejects.toMatchObject({ code: 'peer-unreachable', isPermanent: false });
  });

  it('silence is told after its timeout', async () => {
    const port = await scripted(async () => {});
    await expect(open(port, { timeouts: { associateTimeoutMs: 50 } })).rejects.toMatchObject({ code: 'peer-silent', isPermanent: false });
  });

  it('no response to a C-STORE: told after its timeout, and the association aborted', async () => {
    const received: (Buffer | undefined)[] = [];
    const port = await scripted(async (peer) => {
      await peer.receive();
      peer.send(acceptBoth());
      received.push(...(await peer.receiveAll()));
    });
    const association = await open(port, { timeouts: { responseTimeoutMs: 50 } });
    await expect(association.cStore({ ...OBJECT, dataSet: Buffer.alloc(10) })).rejects.toMatchObject({ code: 'peer-silent' });
    await expect.poll(() => received.at(-1)).toEqual(Buffer.from(ABORT_BY_USER));
  });

  it('a peer that takes no bytes is given up', async () => {
    const port = await scripted(async (peer) => {
      await peer.receive();
      peer.send(acceptBoth());
      peer.socket.pause();
    });
    const association = await open(port, { timeouts: { sendTimeoutMs: 50 } });
    await expect(association.cStore({ ...OBJECT, dataSet: Buffer.alloc(64 << 20) })).rejects.toMatchObject({ code: 'peer-silent' });
  });

  it('a connection lost or aborted in the middle is told', async () => {
    for (const end of [(peer: RawPeer) => peer.close(), (peer: RawPeer) => { peer.send(abortByProvider(0)); }]) {
      const port = await scripted(async (peer) => {
        await peer.receive();
        peer.send(acceptBoth());
        await peer.receive();
        end(peer);
      });
      const association = await open(port);
      await expect(association.cStore({ ...OBJECT, dataSet: Buffer.alloc(64 << 20) })).rejects.toMatchObject({ code: 'association-lost', isPermanent: false });
      await expect(association.cEcho()).rejects.toMatchObject({ code: 'association-lost' });
      await association.release();
    }
  });

  it('an answer to another message, or data nobody asked for, aborts', async () => {
    for (const answer of [ECHO_RSP, pData(1, 2, Buffer.alloc(4)), STORE_RQ, pData(1, 3, Buffer.from('not a command'))]) {
      const port = await scripted(async (peer) => {
        await peer.receive();
        peer.send(ASSOCIATE_AC);
        await peer.receive();
        peer.send(answer);
      });
      const association = await open(port);
      await expect(association.cEcho()).rejects.toMatchObject({ code: 'association-lost' });
    }
  });

  describe('an answer that does not say that the operation succeeded is never taken for success', () => {
    const RIGHT = { affectedSopClassUid: CR, messageIdBeingRespondedTo: 1, commandDataSetType: NO_DATA_SET, status: 0 };
    const { status: _, ...silent } = RIGHT;
    async function answered(command: CommandSet, operation: (association: Association) => Promise<unknown>): Promise<{ outcome: Promise<unknown>; received: Buffer[] }> {
      const received: Buffer[] = [];
      const port = await scripted(async (peer) => {
        await peer.receive();
        peer.send(acceptBoth());
        for (let pdu = await peer.receive(); pdu !== undefined; pdu = await peer.receive()) {
          received.push(pdu);
          if (received.length === 1) peer.send(pData(1, 3, encodeCommandSet(command)));
        }
      });
      return { outcome: operation(await open(port)), received };
    }
    const store = (association: Association): Promise<unknown> => association.cStore({ ...OBJECT, dataSet: Buffer.alloc(10) });
    const echo = (association: Association): Promise<unknown> => association.cEcho();
    const { cStoreRq, cStoreRsp, cEchoRq, cEchoRsp } = COMMAND_FIELD;

    it('the right answers are', async () => {
      expect(await (await answered({ commandField: cStoreRsp, ...RIGHT }, store)).outcome).toEqual({ status: 0 });
      expect(await (await answered({ commandField: cEchoRsp, ...RIGHT }, echo)).outcome).toBe(0);
    });

    it.each([
      ['C-STORE without a status', { commandField: cStoreRsp, ...silent }, store],
      ['C-STORE answered as an echo', { commandField: cEchoRsp, ...RIGHT }, store],
      ['C-STORE with its own request', { commandField: cStoreRq, ...RIGHT }, store],
      ['C-STORE for another message', { commandField: cStoreRsp, ...RIGHT, messageIdBeingRespondedTo: 2 }, store],
      ['C-STORE for no message', { commandField: cStoreRsp, status: 0 }, store],
      ['C-ECHO without a status', { commandField: cEchoRsp, ...silent }, echo],
      ['C-ECHO answered as a store', { commandField: cStoreRsp, ...RIGHT }, echo],
      ['C-ECHO with its own request', { commandField: cEchoRq, ...RIGHT }, echo],
    ])('%s', async (_name, command, operation) => {
      const { outcome, received } = await answered(command, operation);
      await expect(outcome).rejects.toMatchObject({ code: 'association-lost', isPermanent: false });
      await expect.poll(() => received.at(-1)).toEqual(Buffer.from(ABORT_BY_USER));
    });
  });

  it('a release that is not answered ends in an abort', async () => {
    const received: Buffer[] = [];
    const port = await scripted(async (peer) => {
      await peer.receive();
      peer.send(ASSOCIATE_AC);
      received.push(...(await peer.receiveAll()));
    });
    await (await open(port, { timeouts: { associateTimeoutMs: 50 } })).release();
    await expect.poll(() => received).toEqual([Buffer.from(RELEASE_RQ), Buffer.from(ABORT_BY_USER)]);
  });

  it('releases that cross are answered (AR-8, AR-9, AR-3)', async () => {
    const received: (Buffer | undefined)[] = [];
    const port = await scripted(async (peer) => {
      await peer.receive();
      peer.send(ASSOCIATE_AC);
      received.push(await peer.receive());
      peer.send(RELEASE_RQ);
      received.push(await peer.receive());
      peer.send(RELEASE_RP);
    });
    await (await open(port)).release();
    expect(received).toEqual([Buffer.from(RELEASE_RQ), Buffer.from(RELEASE_RP)]);
  });

  it('a peer that releases by itself is answered', async () => {
    const received: Buffer[] = [];
    const port = await scripted(async (peer) => {
      await peer.receive();
      peer.send(ASSOCIATE_AC, RELEASE_RQ);
      received.push((await peer.receive())!);
      peer.close();
    });
    const association = await open(port);
    await expect.poll(() => received).toEqual([Buffer.from(RELEASE_RP)]);
    await expect(association.cEcho()).rejects.toMatchObject({ code: 'association-lost' });
  });
});

describe('every PDU in the states a requestor can be seen in', () => {
  const PDUS: readonly (readonly [string, Uint8Array])[] = [
    ['A-ASSOCIATE-RQ', ASSOCIATE_RQ], ['A-ASSOCIATE-AC', ASSOCIATE_AC], ['A-ASSOCIATE-RJ', associateRj(1, 1, 1)], ['P-DATA-TF', ECHO_RSP],
    ['A-RELEASE-RQ', RELEASE_RQ], ['A-RELEASE-RP', RELEASE_RP], ['A-ABORT', ABORT_BY_USER], ['unknown', hex('63 00 00000004 00000000')],
  ];
  const UNEXPECTED = abortByProvider(2);
  type Answer = Uint8Array | 'open' | 'closed';
  const ANSWERS: Record<'Sta5' | 'Sta7', readonly Answer[]> = {
    Sta5: [UNEXPECTED, 'open', 'closed', UNEXPECTED, UNEXPECTED, UNEXPECTED, 'closed', abortByProvider(1)],
    Sta7: [UNEXPECTED, UNEXPECTED, UNEXPECTED, ABORT_BY_USER, RELEASE_RP, 'closed', 'closed', abortByProvider(1)],
  };
  const cases = (['Sta5', 'Sta7'] as const).flatMap((state) => PDUS.map(([name, pdu], index) => [state, name, pdu, ANSWERS[state][index]!] as const));

  it.each(cases)('%s: %s', async (state, _name, pdu, expected) => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const port = await scripted(async (peer) => {
      await peer.receive();
      if (state === 'Sta7') {
        peer.send(ASSOCIATE_AC);
        await peer.receive();
      }
      peer.send(pdu);
      if (expected === 'open') resolve('open');
      else resolve((await peer.receive()) ?? 'closed');
      peer.socket.end();
    });
    const opening = open(port);
    if (state === 'Sta7') await (await opening).release();
    else if (expected === 'open') expect((await opening).contexts).toHaveLength(1);
    else await expect(opening).rejects.toMatchObject({ name: 'AssociationError' });
    expect(await promise).toEqual(typeof expected === 'string' ? expected : Buffer.from(expected));
  });
});

describe('statuses', () => {
  it.each([
    [0x0000, 'stored'], [0xb000, 'stored'], [0xb007, 'stored'], [0xa700, 'transient'], [0xa7ff, 'transient'], [0x0110, 'transient'],
    [0xa900, 'permanent'], [0xc000, 'permanent'], [0x0122, 'permanent'],
  ])('%i is %s', (status, verdict) => {
    expect(judgeStoreStatus(status)).toBe(verdict);
  });
});

/** ASSOCIATE_AC with its second context accepted, in JPEG Lossless. */
function acceptBoth(): Uint8Array {
  const pdu = Buffer.from(ASSOCIATE_AC);
  const at = pdu.indexOf(hex('21 00 0019 03'));
  const context = Buffer.concat([hex('21 00 001e 03 00 00 00 40 00 0016'), Buffer.from('1.2.840.10008.1.2.4.70')]);
  const accepted = Buffer.concat([pdu.subarray(0, at), context, pdu.subarray(at + 29)]);
  accepted.writeUInt32BE(accepted.length - 6, 2);
  return accepted;
}
