/**
 * Negotiation of an association, acceptor's side (PS3.8 §7.1, PS3.7 Annex D.3): from an A-ASSOCIATE-RQ to the
 * A-ASSOCIATE-AC or -RJ that answers it. Pure. Which AE titles, SOP classes and transfer syntaxes are let in is the
 * policy's decision (intake/admission.ts in the hub); Verification is always in.
 * Asynchronous operations are answered with a window of one; SCU role only; extended negotiation and user identity
 * are left unanswered, which the standard defines as "not supported".
 */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/part10.ts';
import { readAeTitle } from './ae-title.ts';
import { APPLICATION_CONTEXT_UID } from './associate-pdu.ts';
import type { AssociateAc, AssociateRq, ContextResult, PresentationContext, UserInformation } from './associate-pdu.ts';
import { REJECT } from './pdu.ts';
import type { AssociateReject } from './pdu.ts';

export const VERIFICATION_UID = '1.2.840.10008.1.1';

/** Presentation context result (PS3.8 Table 9-18). */
export const CONTEXT_RESULT = { acceptance: 0, userRejection: 1, abstractSyntaxNotSupported: 3, transferSyntaxesNotSupported: 4 } as const;

export interface AssociationRequester {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
}

export interface NegotiationPolicy {
  /** The rejection to answer with, or undefined to let the requester in. */
  readonly admit: (requester: AssociationRequester) => AssociateReject | undefined;
  readonly acceptsAbstractSyntax: (abstractSyntaxUid: string) => boolean;
  /** One of the proposed, in the sender's order of preference; undefined refuses the context. */
  readonly chooseTransferSyntax: (proposed: readonly string[], abstractSyntaxUid: string) => string | undefined;
}

/** A context on which messages may flow. */
export interface AcceptedContext {
  readonly id: number;
  readonly abstractSyntaxUid: string;
  readonly transferSyntaxUid: string;
}

export type Negotiation =
  | { readonly kind: 'accepted'; readonly ac: AssociateAc; readonly contexts: ReadonlyMap<number, AcceptedContext> }
  | { readonly kind: 'rejected'; readonly reject: AssociateReject };

/** Version 1 is the lowest bit; other bits are versions to come. */
export const isProtocolVersionSupported = (rq: AssociateRq): boolean => (rq.protocolVersion & 1) === 1;

export function negotiate(rq: AssociateRq, remoteAddress: string, policy: NegotiationPolicy, maximumLengthBytes: number): Negotiation {
  if (rq.applicationContextUid !== APPLICATION_CONTEXT_UID) return { kind: 'rejected', reject: REJECT.applicationContextNotSupported };
  const reject = policy.admit({
    callingAeTitle: readAeTitle(rq.callingAeTitle),
    calledAeTitle: readAeTitle(rq.calledAeTitle),
    remoteAddress,
  });
  if (reject !== undefined) return { kind: 'rejected', reject };

  const contexts = new Map<number, AcceptedContext>();
  const contextResults = rq.presentationContexts.map((proposed) => judgeContext(proposed, policy));
  for (const [index, { id, result, transferSyntaxUid }] of contextResults.entries()) {
    if (result !== CONTEXT_RESULT.acceptance) continue;
    contexts.set(id, { id, abstractSyntaxUid: rq.presentationContexts[index]!.abstractSyntaxUid, transferSyntaxUid });
  }
  const ac: AssociateAc = {
    protocolVersion: 1,
    calledAeTitle: rq.calledAeTitle,
    callingAeTitle: rq.callingAeTitle,
    applicationContextUid: APPLICATION_CONTEXT_UID,
    contextResults,
    userInformation: answerUserInformation(rq.userInformation, contexts, maximumLengthBytes),
  };
  return { kind: 'accepted', ac, contexts };
}

function judgeContext(proposed: PresentationContext, policy: NegotiationPolicy): ContextResult {
  // Refused contexts carry a transfer syntax too, not significant: the first proposed keeps old readers content.
  const refuse = (result: number): ContextResult => ({ id: proposed.id, result, transferSyntaxUid: proposed.transferSyntaxUids[0]! });
  const isWelcome = proposed.abstractSyntaxUid === VERIFICATION_UID || policy.acceptsAbstractSyntax(proposed.abstractSyntaxUid);
  if (!isWelcome) return refuse(CONTEXT_RESULT.abstractSyntaxNotSupported);
  const transferSyntaxUid = policy.chooseTransferSyntax(proposed.transferSyntaxUids, proposed.abstractSyntaxUid);
  if (transferSyntaxUid === undefined) return refuse(CONTEXT_RESULT.transferSyntaxesNotSupported);
  return { id: proposed.id, result: CONTEXT_RESULT.acceptance, transferSyntaxUid };
}

function answerUserInformation(
  asked: UserInformation,
  contexts: ReadonlyMap<number, AcceptedContext>,
  maximumLengthBytes: number,
): UserInformation {
  const accepted = new Set([...contexts.values()].map((context) => context.abstractSyntaxUid));
  return {
    maximumLengthBytes,
    implementationClassUid: IMPLEMENTATION_CLASS_UID,
    implementationVersion: IMPLEMENTATION_VERSION_NAME,
    // Answered only where asked. One each: a C-STORE is answered before the next one is read.
    ...(asked.asynchronousOperations === undefined ? {} : { asynchronousOperations: { invoked: 1, performed: 1 } }),
    // The requester may be SCU; it may not be SCP (that would be C-GET, which nobody here invokes).
    roleSelections: asked.roleSelections
      .filter((role) => accepted.has(role.sopClassUid))
      .map((role) => ({ sopClassUid: role.sopClassUid, scuRole: role.scuRole, scpRole: false })),
  };
}
