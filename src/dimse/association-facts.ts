/**
 * What one association's PDUs have said and will say: read from the bodies of the peer's, and made into ours where the state
 * table's effects send one. Set by the cause of an event, just before it is fired. Leaves out: when (upper-layer.ts), and
 * the socket (connection.ts).
 */
import { decodeAssociateAc, decodeAssociateRq, encodeAssociateAc, encodeAssociateRq } from './associate-pdu.ts';
import type { AssociateAc, AssociateRq } from './associate-pdu.ts';
import type { Ending } from './connection-user.ts';
import {
  ABORT_REASON, ABORT_SOURCE, PDU_TYPE, REJECT, decodeAbort, decodeAssociateRj, describeAbort, describeReject, encodeAbort,
  encodeAssociateRj, encodeReleaseRp, encodeReleaseRq,
} from './pdu.ts';
import type { AbortReason, AssociateReject } from './pdu.ts';
import type { PduBody } from './pdu-framer.ts';
import type { Effect } from './upper-layer.ts';

export class AssociationFacts {
  request: AssociateRq | undefined;
  accept: AssociateAc | undefined;
  /** How it ends, should it end now. */
  ending: Ending = { how: 'connection-lost', why: '' };
  #reject: AssociateReject = REJECT.noReason;
  #abortReason: AbortReason = ABORT_REASON.notSpecified;

  rejectWith(reject: AssociateReject): void {
    this.#reject = reject;
    this.ending = { how: 'rejected', why: describeReject(reject), reject };
  }

  /** The provider's A-ABORT. */
  abortWith(reason: AbortReason, why: string): void {
    this.#abortReason = reason;
    this.ending = { how: 'aborted', why };
  }

  /** What the peer's PDU says. @throws FirstreadError where its body is invalid */
  take({ pduType, body }: PduBody): void {
    switch (pduType) {
      case PDU_TYPE.associateRq:
        this.request = decodeAssociateRq(body);
        return;
      case PDU_TYPE.associateAc:
        this.accept = decodeAssociateAc(body);
        return;
      case PDU_TYPE.associateRj:
        return this.rejectWith(decodeAssociateRj(body));
      case PDU_TYPE.abort:
        this.ending = { how: 'aborted-by-peer', why: describeAbort(decodeAbort(body)) };
        return;
      default:
        return;
    }
  }

  /** The PDU that this effect sends; undefined: it sends none. */
  pduOf(effect: Effect): Uint8Array | undefined {
    switch (effect) {
      case 'send-associate-rq':
        return encodeAssociateRq(this.request!);
      case 'send-associate-ac':
        return encodeAssociateAc(this.accept!);
      case 'send-associate-rj':
        return encodeAssociateRj(this.#reject);
      case 'send-release-rq':
        return encodeReleaseRq();
      case 'send-release-rp':
        return encodeReleaseRp();
      case 'send-abort-user':
        return encodeAbort({ source: ABORT_SOURCE.user, reason: ABORT_REASON.notSpecified });
      case 'send-abort-provider':
        return encodeAbort({ source: ABORT_SOURCE.provider, reason: this.#abortReason });
      default:
        return undefined;
    }
  }
}
