/**
 * PORT: a place that objects are sent to. Two kinds: dimse (C-STORE, dimse-destination.ts) and folder
 * (folder-destination.ts). What a kind is NOT: it does not decide what is sent (plan.ts), when, or how often
 * (outbox.ts); it tells in words what an operator has to change when it can never work as it is.
 */

export type Subject = 'report' | 'instance';

/** An object that lies in the spool and wants to go out. */
export interface DueDelivery {
  readonly id: number;
  readonly destination: string;
  readonly subject: Subject;
  readonly fileKey: string;
  /** Tries that already ended without success. */
  readonly attempts: number;
  /** Another object went under the same SOP Instance UID before: that one being there is not this one being there. */
  readonly isOtherBytes?: true;
  /** Answers right before this try that may mean the object or the destination's own trouble (store-verdict.ts). */
  readonly doubtfulAnswers?: number;
}

/** The spool as delivery needs it (intake/spool.ts fits). */
export interface DeliverySource {
  read(folder: 'instances' | 'reports', fileKey: string, offset?: number, lengthMax?: number): Promise<Uint8Array>;
  stream(folder: 'instances' | 'reports', fileKey: string, offset?: number): AsyncIterable<Uint8Array>;
}

/** What became of one object. `permanent` means: as things are set up, trying again cannot help. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly remark?: string }
  | { readonly kind: 'refused'; readonly permanent: boolean; readonly isDoubtful?: boolean; readonly code: string; readonly text: string }
  /** The way there broke while this object was on it: the others are not judged. */
  | { readonly kind: 'lost'; readonly code: string; readonly text: string };

/** Why no session came about; `permanent` as above. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly permanent: boolean;
  readonly code: string;
  readonly text: string;
}

export interface DeliverySession {
  readonly kind: 'open';
  /** Never rejects. After 'lost' the session is over. */
  send(delivery: DueDelivery): Promise<SendOutcome>;
  /** Orderly end. Never rejects. */
  close(): Promise<void>;
}

export interface Destination {
  readonly name: string;
  /** One session for all of these; never rejects. `signal` gives up waiting at shutdown. */
  open(deliveries: readonly DueDelivery[], signal: AbortSignal): Promise<DeliverySession | Unreachable>;
}
