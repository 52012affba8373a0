/**
 * What the listener tells its owner, for log, metrics, the audit trail and the list of refused attempts. No patient data;
 * AE titles are the peer's words: printable, but to be escaped wherever they are shown.
 */
import type { Ending } from './connection-user.ts';
import type { AssociateReject } from './pdu.ts';
import type { MessageRefusal } from './store-provider.ts';

interface Peer {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

interface Caller extends Peer {
  readonly associationId: string;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

export type ListenerEvent =
  /** Closed before a byte was read: a ceiling on connections. */
  | (Peer & { readonly kind: 'connection-refused'; readonly why: 'connections-max' | 'connections-per-peer-max' })
  | (Peer & { readonly kind: 'tls-failed'; readonly why: string })
  /** No association came of it: rejected, malformed, silent, or gone. AE titles are empty where none were read. */
  | (Caller & { readonly kind: 'association-refused'; readonly how: Ending['how']; readonly why: string; readonly reject?: AssociateReject })
  | (Caller & {
      readonly kind: 'association-accepted';
      readonly proposedContextCount: number;
      readonly acceptedContextCount: number;
      readonly implementationVersion: string;
    })
  | (Caller & {
      readonly kind: 'association-ended';
      readonly how: Ending['how'];
      readonly why: string;
      readonly instanceCount: number;
      readonly bytesReceived: number;
    })
  | (Caller & {
      readonly kind: 'store-answered';
      readonly affectedSopClassUid: string;
      readonly transferSyntaxUid: string;
      readonly status: number;
      readonly byteLength: number;
    })
  /** The listener, not the sink, refused a message: an operation that is none of ours, an object over the ceiling. */
  | (Caller & MessageRefusal & { readonly kind: 'message-refused' })
  | { readonly kind: 'listener-error'; readonly why: string };
