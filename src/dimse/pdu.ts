/**
 * The PDUs of fixed form: A-ASSOCIATE-RJ, P-DATA-TF headers, A-RELEASE-RQ/RP, A-ABORT (PS3.8 §9.3.4–9.3.8).
 * All integers are big endian. A PDU's length field (bytes 3–6) excludes its own six-byte header.
 * A-ASSOCIATE-RQ/AC, with their items, are in associate-pdu.ts; the streaming reader is pdu-framer.ts.
 */

export const PDU_TYPE = {
  associateRq: 0x01,
  associateAc: 0x02,
  associateRj: 0x03,
  pDataTf: 0x04,
  releaseRq: 0x05,
  releaseRp: 0x06,
  abort: 0x07,
} as const;

export type PduType = (typeof PDU_TYPE)[keyof typeof PDU_TYPE];

/** Type (1), reserved (1), length (4). */
export const PDU_HEADER_BYTES = 6;
/** PDV item length (4), presentation context ID (1), message control header (1). */
export const PDV_HEADER_BYTES = 6;
/** A-ASSOCIATE-RJ, A-RELEASE-RQ/RP and A-ABORT all carry exactly four bytes. */
export const FIXED_BODY_BYTES = 4;

/** A-ABORT source and, for the provider, its reason (PS3.8 Table 9-26). */
export const ABORT_SOURCE = { user: 0, provider: 2 } as const;
export const ABORT_REASON = {
  notSpecified: 0,
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unrecognizedParameter: 4,
  unexpectedParameter: 5,
  invalidParameterValue: 6,
} as const;
export type AbortReason = (typeof ABORT_REASON)[keyof typeof ABORT_REASON];

/** Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 Table 9-21). */
export interface AssociateReject {
  /** 1 rejected-permanent, 2 rejected-transient */
  readonly result: number;
  /** 1 service-user, 2 service-provider (ACSE), 3 service-provider (presentation) */
  readonly source: number;
  readonly reason: number;
  /** Our own finer reason, for the record of refused attempts; it does not travel. */
  readonly code?: string;
}

export const REJECT = {
  noReason: { result: 1, source: 1, reason: 1 },
  applicationContextNotSupported: { result: 1, source: 1, reason: 2 },
  callingAeTitleNotRecognized: { result: 1, source: 1, reason: 3 },
  calledAeTitleNotRecognized: { result: 1, source: 1, reason: 7 },
  protocolVersionNotSupported: { result: 1, source: 2, reason: 2 },
  temporaryCongestion: { result: 2, source: 3, reason: 1 },
  localLimitExceeded: { result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, AssociateReject>;

export interface Abort {
  readonly source: number;
  readonly reason: number;
}

/** The reason in the standard's words, for logs and for the people who read them. */
export function describeReject(reject: AssociateReject): string {
  const reasons: Record<number, Record<number, string>> = {
    1: {
      1: 'no reason given',
      2: 'application context name not supported',
      3: 'calling AE title not recognized',
      7: 'called AE title not recognized',
    },
    2: { 1: 'no reason given', 2: 'protocol version not supported' },
    3: { 1: 'temporary congestion', 2: 'local limit exceeded' },
  };
  const permanence = reject.result === 1 ? 'permanent' : 'transient';
  return `${reasons[reject.source]?.[reject.reason] ?? `source ${reject.source} reason ${reject.reason}`} (${permanence})`;
}

export function describeAbort(abort: Abort): string {
  if (abort.source !== ABORT_SOURCE.provider) return 'by the service user';
  const names = ['not specified', 'unrecognized PDU', 'unexpected PDU', 'reserved', 'unrecognized PDU parameter', 'unexpected PDU parameter', 'invalid PDU parameter value'];
  return `by the service provider: ${names[abort.reason] ?? `reason ${abort.reason}`}`;
}

export const encodeAssociateRj = (reject: AssociateReject): Uint8Array =>
  Uint8Array.of(PDU_TYPE.associateRj, 0, 0, 0, 0, FIXED_BODY_BYTES, 0, reject.result, reject.source, reject.reason);

export const decodeAssociateRj = (body: Uint8Array): AssociateReject => ({
  result: body[1] ?? 0,
  source: body[2] ?? 0,
  reason: body[3] ?? 0,
});

export const encodeReleaseRq = (): Uint8Array => Uint8Array.of(PDU_TYPE.releaseRq, 0, 0, 0, 0, FIXED_BODY_BYTES, 0, 0, 0, 0);
export const encodeReleaseRp = (): Uint8Array => Uint8Array.of(PDU_TYPE.releaseRp, 0, 0, 0, 0, FIXED_BODY_BYTES, 0, 0, 0, 0);

export const encodeAbort = (abort: Abort): Uint8Array =>
  Uint8Array.of(PDU_TYPE.abort, 0, 0, 0, 0, FIXED_BODY_BYTES, 0, 0, abort.source, abort.reason);

export const decodeAbort = (body: Uint8Array): Abort => ({ source: body[2] ?? 0, reason: body[3] ?? 0 });

/** The twelve bytes before a fragment that travels as the only PDV of its P-DATA-TF. */
export function encodePDataHeader(contextId: number, isCommand: boolean, isLast: boolean, fragmentBytes: number): Uint8Array {
  const header = new Uint8Array(PDU_HEADER_BYTES + PDV_HEADER_BYTES);
  const view = new DataView(header.buffer);
  header[0] = PDU_TYPE.pDataTf;
  view.setUint32(2, fragmentBytes + PDV_HEADER_BYTES);
  // The PDV's own length counts the context ID and the control header, but not itself.
  view.setUint32(6, fragmentBytes + 2);
  header[10] = contextId;
  header[11] = (isCommand ? 1 : 0) | (isLast ? 2 : 0);
  return header;
}
