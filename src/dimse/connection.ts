/**
 * One transport connection, driven by the state table of upper-layer.ts: bytes → framer → events → effects.
 * Serves both ends: the acceptor (store-provider.ts) and the requestor (scu.ts) are its "user" in PS3.8's sense.
 * Holds back the socket while the user is busy (a pending promise) or the peer does not read our answers.
 */
import assert from 'node:assert';
import type { Socket } from 'node:net';
import { FirstreadError } from '../errors.ts';
import { decodeAssociateAc, decodeAssociateRq, encodeAssociateAc, encodeAssociateRq } from './associate-pdu.ts';
import type { AssociateAc, AssociateRq } from './associate-pdu.ts';
import { isProtocolVersionSupported } from './association.ts';
import type { DimseLimits } from './limits.ts';
import {
  ABORT_REASON, ABORT_SOURCE, PDU_TYPE, REJECT, decodeAbort, decodeAssociateRj, describeAbort, describeReject, encodeAbort,
  encodeAssociateRj, encodeReleaseRp, encodeReleaseRq,
} from './pdu.ts';
import type { AbortReason, AssociateReject, PduType } from './pdu.ts';
import { PduFramer } from './pdu-framer.ts';
import type { Fragment, PduBody } from './pdu-framer.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { SilenceLimits } from './silence-watch.ts';
import { EVENTS, actionOf, stepUpperLayer } from './upper-layer.ts';
import type { Effect, Event, State } from './upper-layer.ts';

/** How an association, or the attempt at one, came to its end. */
export interface Ending {
  readonly how: 'released' | 'rejected' | 'aborted-by-peer' | 'aborted' | 'connection-lost' | 'artim-expired';
  readonly why: string;
  /** Of a rejection: whose, and whether for ever. */
  readonly reject?: AssociateReject;
}

export type AssociateAnswer = { readonly kind: 'accepted'; readonly ac: AssociateAc } | { readonly kind: 'rejected'; readonly reject: AssociateReject };

export interface ConnectionUser {
  /** Acceptor: what to answer. */
  answerAssociate?(rq: AssociateRq): AssociateAnswer;
  /** Requestor: the peer has accepted. */
  associateAccepted?(ac: AssociateAc): void;
  /** A piece of a message. A pending promise holds the connection; it must not reject. */
  takeFragment(fragment: Fragment): Promise<void> | void;
  /** True while a message has begun and not ended: then the peer must keep its pace. */
  isMidMessage(): boolean;
  /** Called once; nothing comes after it. */
  ended(ending: Ending): void;
}

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
  // What the effects being run need: set by the cause, just before its event is fired.
  #request: AssociateRq | undefined;
  #accept: AssociateAc | undefined;
  #reject: AssociateReject = REJECT.noReason;
  #abortReason: AbortReason = ABORT_REASON.notSpecified;
  #ending: Ending = { how: 'connection-lost', why: '' };

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
    this.#request = rq;
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
    this.#ending = { how: 'aborted', why };
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
      this.#abortReason = ABORT_REASON.unexpectedPdu;
      this.#ending = { how: 'aborted', why: `unexpected: ${EVENTS[event]}` };
      this.#fire(event);
    } else if (event === 'Evt10') {
      this.#fire(event);
    }
  }

  #takeBody({ pduType, body }: PduBody): void {
    try {
      switch (pduType) {
        case PDU_TYPE.associateRq:
          this.#request = decodeAssociateRq(body);
          this.#setReject(REJECT.protocolVersionNotSupported);
          return this.#fire('Evt6', !isProtocolVersionSupported(this.#request));
        case PDU_TYPE.associateAc:
          this.#accept = decodeAssociateAc(body);
          break;
        case PDU_TYPE.associateRj:
          this.#setReject(decodeAssociateRj(body));
          break;
        case PDU_TYPE.abort:
          this.#ending = { how: 'aborted-by-peer', why: describeAbort(decodeAbort(body)) };
          break;
        default:
          break;
      }
    } catch (error) {
      if (!(error instanceof FirstreadError)) throw error;
      return this.#refuse(ABORT_REASON.invalidParameterValue, error.message);
    }
    this.#fire(EVENT_OF_PDU[pduType], pduType === PDU_TYPE.releaseRq && !this.#isRequestor);
  }

  #refuse(abortReason: AbortReason, why: string): void {
    this.#abortReason = abortReason;
    this.#ending = { how: 'aborted', why };
    this.#fire('Evt19');
  }

  #setReject(reject: AssociateReject): void {
    this.#reject = reject;
    this.#ending = { how: 'rejected', why: describeReject(reject), reject };
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
    switch (effect) {
      case 'open-transport': // The socket was already connecting when it was handed over.
      case 'send-p-data': // sendPData does it.
      case 'indicate-p-data': // Fragments follow from the framer.
        return;
      case 'close-transport':
        if (event === 'Evt13') this.#socket.destroySoon();
        else this.#socket.destroy();
        return;
      case 'start-artim':
        return this.#startArtim();
      case 'stop-artim':
        return clearTimeout(this.#artim);
      case 'send-associate-rq':
        return this.#send(encodeAssociateRq(this.#request!));
      case 'send-associate-ac':
        this.#send(encodeAssociateAc(this.#accept!));
        return this.#watchSilence();
      case 'send-associate-rj':
        return this.#send(encodeAssociateRj(this.#reject));
      case 'send-release-rq':
        return this.#send(encodeReleaseRq());
      case 'send-release-rp':
        return this.#send(encodeReleaseRp());
      case 'send-abort-user':
        return this.#send(encodeAbort({ source: ABORT_SOURCE.user, reason: ABORT_REASON.notSpecified }));
      case 'send-abort-provider':
        return this.#send(encodeAbort({ source: ABORT_SOURCE.provider, reason: this.#abortReason }));
      case 'indicate-associate':
        return this.#answerAssociate();
      case 'confirm-associate-accept':
        return this.#user.associateAccepted?.(this.#accept!);
      case 'indicate-release':
        // Nothing is ever pending here: messages are answered one by one before the next PDU is read.
        this.#ending = { how: 'released', why: 'by the peer' };
        if (this.#state !== 'Sta10') this.#fire('Evt14');
        return;
      case 'confirm-release':
        this.#ending = { how: 'released', why: '' };
        if (this.#state === 'Sta12') this.#fire('Evt14');
        return;
      case 'confirm-associate-reject': // The user hears of these when the state is Sta13 or Sta1: see #end.
      case 'indicate-abort':
      case 'indicate-p-abort':
        return;
    }
  }

  #answerAssociate(): void {
    const answer = this.#user.answerAssociate!(this.#request!);
    if (answer.kind === 'accepted') {
      this.#accept = answer.ac;
      this.#fire('Evt7');
    } else {
      this.#setReject(answer.reject);
      this.#fire('Evt8');
    }
  }

  #startArtim(): void {
    clearTimeout(this.#artim);
    const timeoutMs = this.#state === 'Sta2' ? this.#limits.artimTimeoutMs : this.#limits.closingTimeoutMs;
    this.#artim = setTimeout(() => {
      this.#ending = { how: 'artim-expired', why: 'no A-ASSOCIATE-RQ in time' };
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
    this.#ending = { how: 'connection-lost', why: this.#socketError };
    if (this.#state !== 'Sta1') this.#fire('Evt17');
    clearTimeout(this.#artim);
    this.#end();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#silence?.stop();
    this.#user.ended(this.#ending);
  }
}
