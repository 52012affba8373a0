/**
 * Every limit of the DIMSE edge, with its unit and its reason. Rooms get these as arguments; config.ts may override them.
 */
export interface DimseLimits {
  /** Announced in our A-ASSOCIATE: the largest P-DATA-TF length we ask for. */
  readonly pDataPduAnnouncedBytes: number;
  /** Ceiling on a received P-DATA-TF's length field. */
  readonly pDataPduMaxBytes: number;
  /** Ceiling on a received A-ASSOCIATE-RQ/AC's length field. */
  readonly associatePduMaxBytes: number;
  /** From TCP accept to a complete A-ASSOCIATE-RQ (PS3.8 §9.1.5, ARTIM). */
  readonly artimTimeoutMs: number;
  /** From our last PDU (A-ABORT, -RJ, A-RELEASE-RP) to the peer's closing; the same timer's other use. */
  readonly closingTimeoutMs: number;
  /** Silence on an established association while it is the peer's turn. */
  readonly idleTimeoutMs: number;
  /** Inside a message at least `paceMinBytes` must come in every window of this length. */
  readonly paceWindowMs: number;
  readonly paceMinBytes: number;
  /** TCP connections in all, and from one address: beyond, closed without an answer. */
  readonly connectionsMax: number;
  readonly connectionsPerPeerMax: number;
  /** Associations in all, and from one address: beyond, rejected as transient, local limit exceeded. */
  readonly associationsMax: number;
  readonly associationsPerPeerMax: number;
  /** Ceiling on one object's data set. */
  readonly objectMaxBytes: number;
}

export const DIMSE_LIMITS: DimseLimits = {
  // What DCMTK's senders use at most; larger ones gain nothing, as a PDU is never held.
  pDataPduAnnouncedBytes: 131_072,
  // Some senders ignore what is announced. Streaming makes that harmless up to here.
  pDataPduMaxBytes: 1_048_576,
  // 128 contexts with forty transfer syntaxes each are 180 kB.
  associatePduMaxBytes: 262_144,
  // DCMTK and dcm4che use 30 s and 60 s; a modality sends its request at once.
  artimTimeoutMs: 30_000,
  // The peer has nothing left to do but close.
  closingTimeoutMs: 5_000,
  // Modalities keep an association open between exposures; two minutes of silence is a dead peer.
  idleTimeoutMs: 120_000,
  // 64 KiB a minute is slower than any modem that ever carried DICOM.
  paceWindowMs: 60_000,
  paceMinBytes: 65_536,
  // An idle connection costs some 20 kB: room for floods to be counted instead of felt.
  connectionsMax: 4_096,
  // A router or a NAT gateway in front of a hospital is one address; one address must not take all.
  connectionsPerPeerMax: 3_072,
  associationsMax: 1_536,
  associationsPerPeerMax: 1_152,
  // Multi-frame mammography tomosynthesis reaches 1–2 GB; a chest film 30 MB.
  objectMaxBytes: 2_147_483_648,
};
