/**
 * PORT between the DIMSE listener and whoever keeps objects (intake/receive.ts): the listener streams the data set
 * of one C-STORE into a StoreReceiver and answers with the status that `commit` returns, and only then.
 */
export interface StoreRequest {
  /** Both UIDs as the peer wrote them, at most 64 characters of any kind, empty where it wrote none: for the sink to judge. */
  readonly affectedSopClassUid: string;
  readonly affectedSopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly associationId: string;
}

/** DIMSE status (PS3.7 Annex C), with ErrorComment (0000,0902; ≤ 64 characters, no patient data). */
export interface StoreStatus {
  readonly status: number;
  readonly errorComment?: string;
}

export interface StoreReceiver {
  /**
   * Takes the bytes' content (copies or writes it) before it returns or its promise resolves: their memory is used again
   * afterwards. A pending promise is backpressure on the socket.
   */
  write(fragment: Uint8Array): Promise<void> | void;
  /** All fragments are in. Resolves 0000H only after fsync and commit. Never rejects. */
  commit(): Promise<StoreStatus>;
  /** The association died or the object was refused: forget the partial file. Never rejects. */
  abort(why: string): Promise<void>;
}

export interface StoreSink {
  /** A receiver, or the refusal to answer with (the listener then drains and drops the data set). */
  begin(request: StoreRequest): StoreReceiver | StoreStatus;
}
