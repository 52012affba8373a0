/**
 * One transport connection, driven by the state table of upper-layer.ts: bytes → framer → events → effects.
 * Serves both ends: the acceptor (store-provider.ts) and the requestor (scu.ts) are its "user" in PS3.8's sense.
 * Holds back the socket while the user is busy (a pending promise) or the peer does not read our answers.
 */
import assert from 'node:assert';
import type { Socket } from 'node:net';
import { FirstreadError } from '../errors.ts';
import type { AssociateRq } from './associate-pdu.ts';
import { isProtocolVersionSupported } from './association.ts';
import { AssociationFacts } from './association-facts.ts';
import type { ConnectionUser } from './connection-user.ts';
import type { DimseLimits } from './limits.ts';
import { ABORT_REASON, PDU_TYPE, REJECT } from './pdu.ts';
import type { AbortReason, PduType } from './pdu.ts';
import { PduFramer } from './pdu-framer.ts';
import type { Fragment, PduBody } from './pdu-framer.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { SilenceLimits } from './silence-watch.ts';
import { EVENTS, actionOf, stepUpperLayer } from './upper-layer.ts';
import type { Effect, Event, State } from './upper-layer.ts';

const EVENT_OF_PDU: Record<PduType, Event> = {
  [PDU_TYPE.associateRq]: 'Evt6',
  [PDU_TYPE.associateAc]: 'Evt3',
  [PDU_TYPE.associateRj]: 'Evt4',
  [PDU_TYPE.pDataTf]: 'Evt10',
  [PDU_TYPE.releaseRq]: 'Evt12',
  [PDU_TYPE.releaseRp]: 'Evt13',
  [PDU_TYPE.abort]: 'Evt16',
};

/** Actions that need nothing of the PDU but its header: they are taken before its body is awaited. */
const ON_HEADER = new Set(['AA-1', 'AA-6', 'AA-7', 'AA-8']);

export type ConnectionLimits = SilenceLimits & Pick<DimseLimits, 'pDataPduMaxBytes' | 'associatePduMaxBytes' | 'artimTimeoutMs' | 'closingTimeoutMs'>;

export class Connection {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #user: ConnectionUser;
  readonly #framer: PduFramer;
  readonly #isRequestor: boolean;
  #state: State = 'Sta1';
  #hasEnded = false;
  #isHeldByUser = false;
  #isHeldByPeer = false;
  #bytesReceived = 0;
  #artim: NodeJS.Timeout | undefined;
  #silence: SilenceWatch | undefined;
  #socketError = '';
  readonly #facts = new AssociationFacts();

  constructor(socket: Socket, role: 'acceptor' | 'requestor', limits: ConnectionLimits, user: ConnectionUser) {
    this.#socket = socket;
    this.#limits = limits;
    this.#user = user;
    this.#isRequestor = role === 'requestor';
    this.#framer = new PduFramer(limits);
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error: NodeJS.ErrnoException) => { this.#socketError = error.code ?? error.message; });
    socket.on('close', () => this.#transportClosed());
    if (role === 'acceptor') this.#fire('Evt5');
    else this.#fire('Evt1');
  }

  get state(): State {
    return this.#state;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** Requestor: the transport is open, ask for the association. */
  request(rq: AssociateRq): void {
    this.#facts.request = rq;
    this.#fire('Evt2');
  }

  /** P-DATA request. False when the socket wants its 'drain' awaited. */
  sendPData(...parts: readonly Uint8Array[]): boolean {
    stepUpperLayer(this.#state, 'Evt9');
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    if (!this.#isRequestor && this.#socket.writableNeedDrain) this.#isHeldByPeer = true;
    return !this.#socket.writableNeedDrain;
  }

  get canSend(): boolean {
    return this.#state === 'Sta6' || this.#state === 'Sta8';
  }

  release(): void {
    this.#fire('Evt11');
  }

  /** The user gives up: A-ABORT where there is an association, plain closing where there is none yet. */
  abort(why: string): void {
    this.#facts.ending = { how: 'aborted', why };
    if (this.#state === 'Sta1') this.#socket.destroy();
    else if (this.#state === 'Sta2' || this.#state === 'Sta13') this.#fire('Evt18');
    else this.#fire('Evt15');
  }

  /** The user found a PDU's content invalid: the provider's A-ABORT (AA-8). */
  abortAsInvalid(why: string): void {
    this.#refuse(ABORT_REASON.invalidParameterValue, why);
  }

  shortenIdleTimeout(idleTimeoutMs: number): void {
    this.#silence?.shortenIdleTimeout(idleTimeoutMs);
  }

  #take(chunk: Uint8Array): void {
    this.#bytesReceived += chunk.length;
    this.#silence?.heard();
    if (this.#state === 'Sta1') return;
    this.#framer.push(chunk);
    if (!this.#isHeld) this.#pump();
    // At once: the chunk may lie in a buffer that the next read would fill again (read-buffer.ts).
    if (this.#isHeld) this.#socket.pause();
  }

  get #isHeld(): boolean {
    return this.#isHeldByUser || this.#isHeldByPeer;
  }

  #pump(): void {
    while (!this.#isHeld && this.#state !== 'Sta1') {
      const event = this.#framer.next();
      if (event === undefined) return;
      switch (event.kind) {
        case 'fragment':
          if (this.#state === 'Sta6' || this.#state === 'Sta7') this.#deliver(event);
          break;
        case 'header':
          this.#takeHeader(EVENT_OF_PDU[event.pduType]);
          break;
        case 'body':
          this.#takeBody(event);
          break;
        case 'refused':
          this.#refuse(event.abortReason, event.why);
          break;
      }
    }
  }

  #deliver(fragment: Fragment): void {
    const pending = this.#user.takeFragment(fragment);
    if (pending === undefined) return;
    this.#isHeldByUser = true;
    this.#silence?.held();
    void pending.then(() => {
      this.#isHeldByUser = false;
      this.#goOn();
    });
  }

  #drained(): void {
    if (!this.#isHeldByPeer) return;
    this.#isHeldByPeer = false;
    this.#goOn();
  }

  #goOn(): void {
    this.#silence?.heard();
    if (this.#isHeld || this.#state === 'Sta1') return;
    this.#pump();
    if (!this.#isHeld) this.#socket.resume();
  }

  /** Legal but for its body: wait for that. Illegal: the table's answer now, before a byte of body is awaited. */
  #takeHeader(event: Event): void {
    const action = actionOf(this.#state, event);
    assert(action !== undefined, `${event} in ${this.#state}`);
    if (ON_HEADER.has(action)) {
      this.#framer.skipPdu();
      this.#facts.abortWith(ABORT_REASON.unexpectedPdu, `unexpected: ${EVENTS[event]}`);
      this.#fire(event);
    } else if (event === 'Evt10') {
      this.#fire(event);
    }
  }

  #takeBody(pdu: PduBody): void {
    try {
      this.#facts.take(pdu);
    } catch (error) {
      if (!(error instanceof FirstreadError)) throw error;
      return this.#refuse(ABORT_REASON.invalidParameterValue, error.message);
    }
    if (pdu.pduType === PDU_TYPE.associateRq) {
      this.#facts.rejectWith(REJECT.protocolVersionNotSupported);
      return this.#fire('Evt6', !isProtocolVersionSupported(this.#facts.request!));
    }
    this.#fire(EVENT_OF_PDU[pdu.pduType], pdu.pduType === PDU_TYPE.releaseRq && !this.#isRequestor);
  }

  #refuse(abortReason: AbortReason, why: string): void {
    this.#facts.abortWith(abortReason, why);
    this.#fire('Evt19');
  }

  #fire(event: Event, otherwise = false): void {
    const { effects, next } = stepUpperLayer(this.#state, event, otherwise);
    this.#state = next;
    for (const effect of effects) this.#run(effect, event);
    // After an A-ABORT or -RJ nothing follows from us: the peer sees our half of the connection close.
    if (next === 'Sta13' && event !== 'Evt14') this.#socket.end();
    if (next === 'Sta13' || next === 'Sta1') this.#end();
  }

  #run(effect: Effect, event: Event): void {
    const pdu = this.#facts.pduOf(effect);
    if (pdu !== undefined) this.#send(pdu);
    switch (effect) {
      case 'send-associate-ac':
        return this.#watchSilence();
      case 'close-transport':
        if (event === 'Evt13') this.#socket.destroySoon();
        else this.#socket.destroy();
        return;
      case 'start-artim':
        return this.#startArtim();
      case 'stop-artim':
        return clearTimeout(this.#artim);
      case 'indicate-associate':
        return this.#answerAssociate();
      case 'confirm-associate-accept':
        return this.#user.associateAccepted?.(this.#facts.accept!);
      case 'indicate-release':
        // Nothing is ever pending here: messages are answered one by one before the next PDU is read.
        this.#facts.ending = { how: 'released', why: 'by the peer' };
        if (this.#state !== 'Sta10') this.#fire('Evt14');
        return;
      case 'confirm-release':
        this.#facts.ending = { how: 'released', why: '' };
        if (this.#state === 'Sta12') this.#fire('Evt14');
        return;
      // Sent above, or done elsewhere: the socket was connecting when it was handed over, sendPData sends, fragments follow
      // from the framer, and of rejection and abort the user hears in Sta13 or Sta1 (#end).
      default:
        return;
    }
  }

  #answerAssociate(): void {
    const answer = this.#user.answerAssociate!(this.#facts.request!);
    if (answer.kind === 'accepted') {
      this.#facts.accept = answer.ac;
      this.#fire('Evt7');
    } else {
      this.#facts.rejectWith(answer.reject);
      this.#fire('Evt8');
    }
  }

  #startArtim(): void {
    clearTimeout(this.#artim);
    const timeoutMs = this.#state === 'Sta2' ? this.#limits.artimTimeoutMs : this.#limits.closingTimeoutMs;
    this.#artim = setTimeout(() => {
      this.#facts.ending = { how: 'artim-expired', why: 'no A-ASSOCIATE-RQ in time' };
      this.#fire('Evt18');
    }, timeoutMs);
  }

  /** The acceptor's: a requestor has timeouts of its own for each operation. */
  #watchSilence(): void {
    this.#silence = new SilenceWatch(this.#limits, {
      bytesReceived: () => this.#bytesReceived,
      isHeldByUs: () => this.#isHeldByUser,
      isMidway: () => this.#user.isMidMessage() || !this.#framer.isBetweenPdus,
      expired: (why) => this.abort(why),
    });
  }

  #send(pdu: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(pdu);
  }

  #transportClosed(): void {
    this.#facts.ending = { how: 'connection-lost', why: this.#socketError };
    if (this.#state !== 'Sta1') this.#fire('Evt17');
    clearTimeout(this.#artim);
    this.#end();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#silence?.stop();
    this.#user.ended(this.#facts.ending);
  }
}
