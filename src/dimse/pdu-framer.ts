/**
 * Cuts a byte stream into PDUs, and P-DATA-TF into fragments (PS3.8 §9.3.1, 9.3.5), without ever holding an object.
 * Refuses on the six-byte header: unknown types and lengths over the ceiling cost their sender six bytes, not us memory.
 * "Need more bytes" is `undefined`. Fragments are views of the bytes pushed (no copy); only headers that straddle two
 * chunks and the bodies of other PDUs, ceilinged, are copied. Meaning (states, contexts, commands) is not here.
 */
import { ABORT_REASON, FIXED_BODY_BYTES, PDU_HEADER_BYTES, PDU_TYPE, PDV_HEADER_BYTES } from './pdu.ts';
import type { AbortReason, PduType } from './pdu.ts';

export interface FramerLimits {
  /** Ceiling on the length field of a P-DATA-TF. */
  readonly pDataPduMaxBytes: number;
  /** Ceiling on the length field of an A-ASSOCIATE-RQ or -AC, which is held whole. */
  readonly associatePduMaxBytes: number;
}

export interface PduHeader {
  readonly kind: 'header';
  readonly pduType: PduType;
  readonly lengthBytes: number;
}

export interface PduBody {
  readonly kind: 'body';
  readonly pduType: PduType;
  readonly body: Uint8Array;
}

/** A piece of a PDV. `isLast` is true only on the final piece of a PDV whose control header says "last fragment". */
export interface Fragment {
  readonly kind: 'fragment';
  readonly contextId: number;
  readonly isCommand: boolean;
  readonly isLast: boolean;
  readonly bytes: Uint8Array;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly abortReason: AbortReason;
  readonly why: string;
}

export type FramerEvent = PduHeader | PduBody | Fragment | Refusal;

/** A-ASSOCIATE: 68 fixed bytes, an application context item (≥ 5) and a user information item (≥ 4). */
const ASSOCIATE_BODY_MIN_BYTES = 68;
/** First size of the buffer a body grows into: the announced length is believed only as its bytes arrive. */
const BODY_FIRST_BYTES = 4096;
const EMPTY = new Uint8Array(0);

type Expecting = 'pdu-header' | 'pdv-header' | 'fragment' | 'body' | 'skip' | 'nothing';

export class PduFramer {
  readonly #limits: FramerLimits;
  readonly #waiting: Uint8Array[] = [];
  #chunk: Uint8Array = EMPTY;
  #offset = 0;
  #expecting: Expecting = 'pdu-header';
  #pduType: PduType = PDU_TYPE.abort;
  /** Bytes of the current PDU not yet consumed. */
  #pduLeft = 0;
  /** Bytes of the current PDV's fragment not yet consumed. */
  #pdvLeft = 0;
  #contextId = 0;
  #control = 0;
  readonly #scratch = new Uint8Array(PDU_HEADER_BYTES);
  #scratchLength = 0;
  #body: Uint8Array = EMPTY;
  #bodyLength = 0;

  constructor(limits: FramerLimits) {
    this.#limits = limits;
  }

  /** Hands over bytes; the framer keeps views of them until `next` has passed them on. */
  push(chunk: Uint8Array): void {
    if (this.#expecting === 'nothing' || chunk.length === 0) return;
    if (this.#offset === this.#chunk.length) {
      this.#chunk = chunk;
      this.#offset = 0;
    } else {
      this.#waiting.push(chunk);
    }
  }

  /** The next event, or undefined when more bytes are needed. After a refusal: undefined for ever. */
  next(): FramerEvent | undefined {
    for (;;) {
      switch (this.#expecting) {
        case 'pdu-header':
          return this.#gatherHeader() ? this.#readPduHeader() : undefined;
        case 'pdv-header': {
          if (!this.#gatherHeader()) return undefined;
          const event = this.#readPdvHeader();
          if (event === undefined) continue;
          return event;
        }
        case 'fragment':
          return this.#readFragment();
        case 'body':
          return this.#readBody();
        case 'skip': {
          const skipped = this.#view(this.#pduLeft).length;
          this.#pduLeft -= skipped;
          if (this.#pduLeft === 0) this.#expecting = 'pdu-header';
          else if (skipped === 0) return undefined;
          continue;
        }
        case 'nothing':
          return undefined;
      }
    }
  }

  /** Drops the rest of the PDU whose header has just been seen. */
  skipPdu(): void {
    this.#body = EMPTY;
    this.#expecting = 'skip';
  }

  /** True between PDUs: nothing of a next one has come. */
  get isBetweenPdus(): boolean {
    return this.#expecting === 'pdu-header' && this.#scratchLength === 0 && this.#offset === this.#chunk.length;
  }

  #readPduHeader(): PduHeader | Refusal {
    const pduType = this.#scratch[0] as PduType;
    const lengthBytes = uint32(this.#scratch, 2);
    const refusal = this.#judgeHeader(pduType, lengthBytes);
    if (refusal !== undefined) return refusal;
    this.#pduType = pduType;
    this.#pduLeft = lengthBytes;
    if (pduType === PDU_TYPE.pDataTf) {
      this.#expecting = 'pdv-header';
    } else {
      this.#expecting = 'body';
      this.#body = new Uint8Array(Math.min(lengthBytes, BODY_FIRST_BYTES));
      this.#bodyLength = 0;
    }
    return { kind: 'header', pduType, lengthBytes };
  }

  #judgeHeader(pduType: number, lengthBytes: number): Refusal | undefined {
    switch (pduType) {
      case PDU_TYPE.pDataTf:
        if (lengthBytes < PDV_HEADER_BYTES) return this.#refuse(ABORT_REASON.invalidParameterValue, 'P-DATA-TF too short for a PDV');
        if (lengthBytes > this.#limits.pDataPduMaxBytes) return this.#refuse(ABORT_REASON.invalidParameterValue, 'P-DATA-TF over the ceiling');
        return undefined;
      case PDU_TYPE.associateRq:
      case PDU_TYPE.associateAc:
        if (lengthBytes < ASSOCIATE_BODY_MIN_BYTES) return this.#refuse(ABORT_REASON.invalidParameterValue, 'A-ASSOCIATE too short');
        if (lengthBytes > this.#limits.associatePduMaxBytes) return this.#refuse(ABORT_REASON.invalidParameterValue, 'A-ASSOCIATE over the ceiling');
        return undefined;
      case PDU_TYPE.associateRj:
      case PDU_TYPE.releaseRq:
      case PDU_TYPE.releaseRp:
      case PDU_TYPE.abort:
        if (lengthBytes !== FIXED_BODY_BYTES) return this.#refuse(ABORT_REASON.invalidParameterValue, 'fixed PDU of another length');
        return undefined;
      default:
        return this.#refuse(ABORT_REASON.unrecognizedPdu, 'unknown PDU type');
    }
  }

  #readPdvHeader(): Refusal | undefined {
    const pdvLength = uint32(this.#scratch, 0);
    this.#pduLeft -= PDV_HEADER_BYTES;
    // The PDV's length counts the context ID and control header, both already consumed here.
    if (pdvLength < 2) return this.#refuse(ABORT_REASON.invalidParameterValue, 'PDV without context ID');
    if (pdvLength - 2 > this.#pduLeft) return this.#refuse(ABORT_REASON.invalidParameterValue, 'PDV longer than its PDU');
    this.#pdvLeft = pdvLength - 2;
    const after = this.#pduLeft - this.#pdvLeft;
    if (after > 0 && after < PDV_HEADER_BYTES) return this.#refuse(ABORT_REASON.invalidParameterValue, 'bytes after the last PDV');
    this.#contextId = this.#scratch[4]!;
    this.#control = this.#scratch[5]!;
    this.#expecting = 'fragment';
    return undefined;
  }

  #readFragment(): Fragment | undefined {
    const bytes = this.#view(this.#pdvLeft);
    if (bytes.length === 0 && this.#pdvLeft > 0) return undefined;
    this.#pdvLeft -= bytes.length;
    this.#pduLeft -= bytes.length;
    const ends = this.#pdvLeft === 0;
    if (ends) this.#expecting = this.#pduLeft > 0 ? 'pdv-header' : 'pdu-header';
    return {
      kind: 'fragment',
      contextId: this.#contextId,
      isCommand: (this.#control & 1) !== 0,
      isLast: ends && (this.#control & 2) !== 0,
      bytes,
    };
  }

  #readBody(): PduBody | undefined {
    while (this.#pduLeft > 0) {
      const bytes = this.#view(this.#pduLeft);
      if (bytes.length === 0) return undefined;
      const needed = this.#bodyLength + bytes.length;
      if (needed > this.#body.length) {
        const grown = new Uint8Array(Math.min(Math.max(needed, this.#body.length * 2), this.#bodyLength + this.#pduLeft));
        grown.set(this.#body.subarray(0, this.#bodyLength));
        this.#body = grown;
      }
      this.#body.set(bytes, this.#bodyLength);
      this.#bodyLength = needed;
      this.#pduLeft -= bytes.length;
    }
    const body = this.#body.subarray(0, this.#bodyLength);
    this.#body = EMPTY;
    this.#expecting = 'pdu-header';
    return { kind: 'body', pduType: this.#pduType, body };
  }

  /** Collects six bytes into the scratch; both kinds of header are six bytes long. */
  #gatherHeader(): boolean {
    while (this.#scratchLength < PDU_HEADER_BYTES) {
      const bytes = this.#view(PDU_HEADER_BYTES - this.#scratchLength);
      if (bytes.length === 0) return false;
      this.#scratch.set(bytes, this.#scratchLength);
      this.#scratchLength += bytes.length;
    }
    this.#scratchLength = 0;
    return true;
  }

  /** Up to `lengthMax` bytes of what is at hand, from one chunk. */
  #view(lengthMax: number): Uint8Array {
    if (this.#offset === this.#chunk.length) {
      this.#chunk = this.#waiting.shift() ?? EMPTY;
      this.#offset = 0;
    }
    const end = Math.min(this.#offset + lengthMax, this.#chunk.length);
    const bytes = this.#chunk.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }

  #refuse(abortReason: AbortReason, why: string): Refusal {
    this.#expecting = 'nothing';
    this.#waiting.length = 0;
    this.#chunk = EMPTY;
    this.#offset = 0;
    return { kind: 'refused', abortReason, why };
  }
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
