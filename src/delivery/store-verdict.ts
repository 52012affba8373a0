/**
 * What a peer's answer means for a delivery, in words that say what to change. Pure. Statuses: PS3.7 Annex C,
 * PS3.4 Table B.2-1.
 */
import { sopClassName } from '../dicom/sop-classes.ts';
import { transferSyntaxOrUnknown } from '../dicom/transfer-syntaxes.ts';
import { judgeStoreStatus } from '../dimse/association-error.ts';
import type { AssociationError } from '../dimse/association-error.ts';
import type { StoreStatus } from '../dimse/store-port.ts';
import type { SendOutcome, Unreachable } from './destination.ts';

/**
 * C000H "cannot understand" is permanent by the standard, but archives answer it for a database that was away too:
 * believed when one object has had this many such answers in a row, some nine minutes by backoff.ts. Only answers count:
 * an archive that was out of reach before it came up has said nothing about the object.
 */
export const DOUBTFUL_ANSWERS_MAX = 12;

const DUPLICATE_SOP_INSTANCE = 0x0111;

const ADVICE: { readonly [status: number]: string } = {
  [DUPLICATE_SOP_INSTANCE]: 'it has another object under this SOP Instance UID and keeps it; the one that was refused lies here',
  0x0112: 'it knows no such SOP instance',
  0x0117: 'it does not accept the SOP Instance UID',
  0x0122: 'it does not support the SOP class: allow it there, or set "sopClass" of this destination to "comprehensive"',
  0x0124: 'it does not authorise us: allow our AE title to store there',
  0xa900: 'the data set does not match its SOP class for this destination',
};

export interface AskedBefore {
  /** Doubtful answers right before this one. */
  readonly doubtfulAnswers?: number;
  /** Another object went under the same SOP Instance UID before. */
  readonly isOtherBytes?: boolean;
}

export function judgeAnswer({ status, errorComment }: StoreStatus, { doubtfulAnswers = 0, isOtherBytes = false }: AskedBefore = {}): SendOutcome {
  const hex = `${status.toString(16).toUpperCase().padStart(4, '0')}H`;
  if (status === DUPLICATE_SOP_INSTANCE && !isOtherBytes) return { kind: 'sent', remark: 'was already there (0111H)' };
  const verdict = judgeStoreStatus(status);
  if (verdict === 'stored') return status === 0 ? { kind: 'sent' } : { kind: 'sent', remark: `stored with warning ${hex}` };
  const isDoubtful = (status & 0xf000) === 0xc000;
  const permanent = verdict === 'permanent' && !(isDoubtful && doubtfulAnswers + 1 < DOUBTFUL_ANSWERS_MAX);
  const advice = ADVICE[(status & 0xff00) === 0xa900 ? 0xa900 : status];
  const comment = errorComment === undefined || errorComment === '' ? '' : ` ("${errorComment}")`;
  const text = `the destination answered ${hex}${comment}${advice === undefined ? '' : `: ${advice}`}`;
  return { kind: 'refused', permanent, ...(isDoubtful ? { isDoubtful } : {}), code: `status-${hex}`, text };
}

export interface Titles {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
}

/** Why no association came about. */
export function judgeNoAssociation(error: AssociationError, { callingAeTitle, calledAeTitle }: Titles): Unreachable {
  const advice =
    error.code === 'association-rejected'
      ? `; the destination must know our AE title ${callingAeTitle} and this machine's address, and its own title must be ${calledAeTitle}`
      : '';
  return { kind: 'unreachable', permanent: error.isPermanent, code: error.code, text: `${error.message}${advice}` };
}

/** The peer let us in, but not with this kind of object. `takesClass`: it would take it in another transfer syntax. */
export function contextNotAccepted(sopClassUid: string, transferSyntaxUid: string, takesClass: boolean): SendOutcome {
  const sopClass = `SOP class ${sopClassName(sopClassUid)} (${sopClassUid})`;
  const transferSyntax = `transfer syntax ${transferSyntaxOrUnknown(transferSyntaxUid).name} (${transferSyntaxUid})`;
  const text = takesClass
    ? `the destination takes ${sopClass}, but not in ${transferSyntax}: allow that transfer syntax there`
    : `the destination does not take ${sopClass} in ${transferSyntax}: allow it there; for reports, "sopClass": "comprehensive" is what older ones know`;
  return { kind: 'refused', permanent: true, code: takesClass ? 'transfer-syntax-not-accepted' : 'sop-class-not-accepted', text };
}
