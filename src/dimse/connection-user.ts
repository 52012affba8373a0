/** Who uses a connection, in PS3.8's sense: what is asked of it and told to it. The acceptor is store-provider.ts, the requestor scu.ts. */
import type { AssociateAc, AssociateRq } from './associate-pdu.ts';
import type { AssociateReject } from './pdu.ts';
import type { Fragment } from './pdu-framer.ts';

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
