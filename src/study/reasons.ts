/**
 * Every reason that a reader, a report or an operator can meet: code → English text, what it means for the study, and
 * the standard's code where there is one. A text is a phrase that fits behind "Not analysed: " or "Could not be
 * analysed: ". It never says that a picture shows nothing, and never carries patient data.
 * Leaves out: translations (the page has its own, keyed by code) and model names.
 */
import type { CodedReason } from './types.ts';

/** A coded concept of the report (PS3.16); CID 6135 has the image quality codes, RADLEX RID12–14 the grades. */
export interface StandardCode {
  readonly value: string;
  readonly scheme: 'DCM' | 'RADLEX' | 'SCT';
  readonly meaning: string;
}

/**
 * `ineligible`: by rule not for the models. `unreadable`: should have been read. `attention`: a human must look.
 * `not-assessed`: one model was not asked. `remark`: analysed, but know this. `status`: the study's own line.
 */
export type ReasonKind = 'ineligible' | 'unreadable' | 'attention' | 'not-assessed' | 'remark' | 'status';

export interface ReasonEntry {
  readonly kind: ReasonKind;
  readonly text: string;
  readonly standard?: StandardCode;
  /** An instance of this kind is something new to look at: it brings a read study back to the list. */
  readonly reopens?: true;
}

const NON_DIAGNOSTIC: StandardCode = { value: 'RID14', scheme: 'RADLEX', meaning: 'Non-diagnostic quality' };
const POSITIONING: StandardCode = { value: '111209', scheme: 'DCM', meaning: 'Positioning' };

export const REASONS = {
  // ineligible, from the header
  'not-an-image': { kind: 'ineligible', text: 'not an image' },
  'modality': { kind: 'ineligible', text: 'not a plain radiograph', reopens: true },
  'secondary-capture': { kind: 'ineligible', text: 'secondary capture' },
  'for-processing': { kind: 'ineligible', text: 'raw detector image (For Processing)' },
  'photometric': { kind: 'ineligible', text: 'colour picture', reopens: true },
  'multi-frame': { kind: 'ineligible', text: 'more than one frame', reopens: true },
  'too-small': { kind: 'ineligible', text: 'picture too small', reopens: true },
  'animal': { kind: 'ineligible', text: 'not a human patient', reopens: true },
  // ineligible, header and pixels together
  'body-part': { kind: 'ineligible', text: 'body part other than chest', reopens: true },
  'view-lateral': { kind: 'ineligible', text: 'lateral view', reopens: true },
  'view-oblique': { kind: 'ineligible', text: 'oblique view', reopens: true },
  'view-decubitus': { kind: 'ineligible', text: 'decubitus view', reopens: true },
  'pixels-not-frontal-chest': { kind: 'ineligible', text: 'not a frontal chest film', reopens: true },
  // unreadable
  'no-pixel-data': { kind: 'unreadable', text: 'the image has no pixel data', standard: NON_DIAGNOSTIC },
  'pixels-damaged': { kind: 'unreadable', text: 'the pixel data is damaged', standard: NON_DIAGNOSTIC },
  'pixels-over-limit': { kind: 'unreadable', text: 'the pixel data exceeds a limit', standard: NON_DIAGNOSTIC },
  'pixels-unsupported': { kind: 'unreadable', text: 'the pixel encoding is not supported' },
  'pixels-blank': { kind: 'unreadable', text: 'the picture is blank', standard: NON_DIAGNOSTIC },
  'decode-timeout': { kind: 'unreadable', text: 'decoding took too long', standard: NON_DIAGNOSTIC },
  'data-set-damaged': { kind: 'unreadable', text: 'the object is damaged', standard: NON_DIAGNOSTIC },
  'positioning': { kind: 'unreadable', text: 'positioning', standard: POSITIONING },
  'instance-missing': { kind: 'unreadable', text: 'the stored file is missing' },
  'quarantined': { kind: 'unreadable', text: 'every attempt failed' },
  'answer-mismatched': { kind: 'unreadable', text: 'the worker gave an answer to another question' },
  // attention
  'conflict': { kind: 'attention', text: 'another image came under the same identifier' },
  'uid-in-other-study': { kind: 'attention', text: 'the image identifier is already used in another study' },
  'uid-of-other-patient': { kind: 'attention', text: 'the same image identifier came for another patient' },
  'study-of-other-patient': { kind: 'attention', text: 'the study holds images of more than one patient' },
  'study-uid-missing': { kind: 'attention', text: 'the sender left out the Study Instance UID: kept apart, not reported' },
  // one model not asked
  'age-below-minimum': { kind: 'not-assessed', text: 'patient younger than the model allows' },
  'age-above-maximum': { kind: 'not-assessed', text: 'patient older than the model allows' },
  'model-off': { kind: 'not-assessed', text: 'model switched off' },
  // remarks
  'variant': { kind: 'remark', text: 'another encoding of the same picture' },
  'header-body-part': { kind: 'remark', text: 'the header names another body part, the picture is a frontal chest' },
  'header-view': { kind: 'remark', text: 'the header names another view, the picture is a frontal chest' },
  'header-modality': { kind: 'remark', text: 'modality and SOP class contradict each other, the picture is a frontal chest' },
  'frontal-uncertain': { kind: 'remark', text: 'not certain that this is a frontal chest film' },
  'view-unknown': { kind: 'remark', text: 'view and spacing are unknown' },
  // the study's own line
  'receiving': { kind: 'status', text: 'Waiting for images' },
  'analysing': { kind: 'status', text: 'Analysing' },
  'flagged': { kind: 'status', text: 'Flagged' },
  'below-threshold': { kind: 'status', text: 'Below threshold' },
  'not-assessed': { kind: 'status', text: 'Not assessed' },
  'new-image': { kind: 'status', text: 'New image after it was read' },
  'new-image-after-closing': { kind: 'status', text: 'New image after it was closed' },
  'conflict-after-reading': { kind: 'status', text: 'Conflicting image after it was read' },
  'marked-unread': { kind: 'status', text: 'Marked unread' },
} as const satisfies Record<string, ReasonEntry>;

export type ReasonCode = keyof typeof REASONS;

/** The coded reason with its text, or with a more precise one ("CT, not a plain radiograph"). */
export function reasonOf(code: ReasonCode, text: string = REASONS[code].text): CodedReason {
  return { code, text };
}

/** Codes come back from workers as strings: an unknown one is no error, it has no entry. */
export function reasonEntry(code: string): ReasonEntry | undefined {
  return Object.hasOwn(REASONS, code) ? (REASONS as Record<string, ReasonEntry>)[code] : undefined;
}
