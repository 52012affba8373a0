/**
 * Why an association of ours did not come about, or did not last; and whether to try again. One class for the requestor:
 * `isPermanent` errors (wrong AE title, SOP class not accepted) need a human, the others a pause.
 */
import { FirstreadError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { Ending } from './connection-user.ts';

export type AssociationErrorCode = Extract<
  ErrorCode,
  'peer-unreachable' | 'peer-silent' | 'association-rejected' | 'association-rejected-transient' | 'association-lost' | 'context-not-accepted'
>;

export class AssociationError extends FirstreadError {
  constructor(code: AssociationErrorCode, message: string, cause?: unknown) {
    super(code, message, {}, cause);
    this.name = 'AssociationError';
  }

  /** Trying the same again will give the same. */
  get isPermanent(): boolean {
    return !this.entry.retryable;
  }
}

/** What an ending means to whoever was waiting for something else. */
export function errorOfEnding(ending: Ending): AssociationError {
  if (ending.how === 'rejected') {
    const code = ending.reject?.result === 1 ? 'association-rejected' : 'association-rejected-transient';
    return new AssociationError(code, `association rejected: ${ending.why}`);
  }
  return new AssociationError('association-lost', `association ${ending.how}${ending.why === '' ? '' : `: ${ending.why}`}`);
}

/** A C-STORE's status, as a sender sees it (PS3.4 Table B.2-1, PS3.7 Annex C). */
export type StoreVerdict = 'stored' | 'transient' | 'permanent';

export function judgeStoreStatus(status: number): StoreVerdict {
  // Warnings (coercion, discarded elements, mismatch) say that the object was kept.
  if (status === 0x0000 || status === 0x0001 || status === 0x0107 || status === 0x0116 || (status & 0xf000) === 0xb000) return 'stored';
  // Out of resources, processing failure, resource limitation: the peer may manage later.
  if ((status & 0xff00) === 0xa700 || status === 0x0110 || status === 0x0213) return 'transient';
  return 'permanent';
}
