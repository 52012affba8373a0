/**
 * May the models read this image? Twice: by the header, before anything is decoded, and by header and pixels together.
 * Pure; refusals are values with a coded reason. STANDARDS.md §5.
 *
 * judgeHeader, first match wins:
 *   animal                                        ineligible  animal
 *   no picture by class or modality               ineligible  not-an-image
 *   modality and SOP class agree on another kind  ineligible  modality          (one contradicting the other: pixels decide)
 *   secondary capture (unless the site wants it)  ineligible  secondary-capture
 *   an image without pixel data                   unreadable  no-pixel-data
 *   For Processing                                ineligible  for-processing
 *   more than one frame / colour / too small      ineligible  multi-frame / photometric / too-small
 *   otherwise                                     analyse
 *
 * judgePixels, what the header claims × what the pixels show:
 *                              frontal chest            unsure                        something else
 *   chest or nothing, frontal  analyse                  analyse + frontal-uncertain   pixels-not-frontal-chest
 *   another body part          analyse + remark         body-part                     body-part
 *   lateral, oblique, decub.   analyse + remark         that view                     that view
 *   modality in doubt          analyse + remark         modality                      modality
 * A wrong word in a header is common and must not hide a chest; a doubtful picture with a header against it is not read.
 *
 * Age belongs to each model (ageReason): a child's film is eligible, one model is not asked.
 */
import { bodyPartClaim, kindOfModality, kindOfSopClass, viewClaim } from './header-claims.ts';
import type { HeaderVerdict } from './events.ts';
import { reasonOf, REASONS, type ReasonCode } from './reasons.ts';
import type { CodedReason, InstanceHeader } from './types.ts';

export interface EligibilitySettings {
  /** Digitised films and phone uploads come as Secondary Capture; screenshots of anything do too. */
  readonly analyseSecondaryCapture: boolean;
  /** Pixels of the shorter side. Public film collections are as small as 256; icons and test patterns are smaller. */
  readonly minSidePixels: number;
}

export const DEFAULT_ELIGIBILITY: EligibilitySettings = { analyseSecondaryCapture: false, minSidePixels: 200 };

export function judgeHeader(header: InstanceHeader, settings: EligibilitySettings = DEFAULT_ELIGIBILITY): HeaderVerdict {
  if (isAnimal(header.patientSpeciesDescription)) return ineligible('animal');
  const byClass = kindOfSopClass(header.sopClassUid);
  const byModality = kindOfModality(header.modality);
  if (byClass === 'not-an-image') return ineligible('not-an-image');
  if (!header.hasPixelData && (byModality === 'not-an-image' || (byClass === 'unknown' && byModality === 'unknown'))) return ineligible('not-an-image');

  const kind = byClass === 'unknown' ? byModality : byClass;
  const doubt = isModalityInDoubt(header);
  if (!doubt && (kind === 'other-image' || kind === 'not-an-image')) return otherModality(header);
  if (kind === 'secondary-capture' && byModality === 'other-image') return otherModality(header);
  if (kind === 'secondary-capture' && !settings.analyseSecondaryCapture) return ineligible('secondary-capture');
  if (!header.hasPixelData) return { verdict: 'unreadable', reason: reasonOf('no-pixel-data'), remarks: [] };
  if (isForProcessing(header, byClass === 'for-processing')) return ineligible('for-processing');
  return judgeForm(header, settings);
}

/** The parts of the form that need no decoding; what is absent is left to the decoder. */
function judgeForm(header: InstanceHeader, settings: EligibilitySettings): HeaderVerdict {
  const { photometricInterpretation: photometric, samplesPerPixel = 1, numberOfFrames = 1, rows, columns } = header;
  if (numberOfFrames > 1) return ineligible('multi-frame');
  if (samplesPerPixel > 1 || (photometric !== undefined && !/^MONOCHROME[12]$/i.test(photometric.trim()))) return ineligible('photometric');
  const shorterSide = Math.min(rows ?? Infinity, columns ?? Infinity);
  if (shorterSide < settings.minSidePixels) {
    return ineligible('too-small', `picture too small (${columns ?? '?'} × ${rows ?? '?'} pixels)`);
  }
  return { verdict: 'analyse', remarks: [] };
}

/** What the lung-field model says of the decoded picture. */
export type FrontalVerdict = 'frontal' | 'unsure' | 'other';

export interface PixelFacts {
  readonly frontalVerdict: FrontalVerdict;
  /** Of the decoded picture: the header may have named none. */
  readonly width: number;
  readonly height: number;
  /** One grey value nearly everywhere: shutter closed, detector not read. */
  readonly blank?: boolean;
}

export type PixelVerdict =
  | { readonly verdict: 'analyse'; readonly remarks: readonly CodedReason[] }
  | { readonly verdict: 'ineligible' | 'unreadable'; readonly reason: CodedReason; readonly remarks: readonly CodedReason[] };

export function judgePixels(header: InstanceHeader, pixels: PixelFacts, settings: EligibilitySettings = DEFAULT_ELIGIBILITY): PixelVerdict {
  if (Math.min(pixels.width, pixels.height) < settings.minSidePixels) {
    return refuse('too-small', `picture too small (${pixels.width} × ${pixels.height} pixels)`);
  }
  if (pixels.blank) return { verdict: 'unreadable', reason: reasonOf('pixels-blank'), remarks: [] };
  const against = claimsAgainst(header);
  const [first] = against;
  if (first === undefined) {
    if (pixels.frontalVerdict === 'other') return refuse('pixels-not-frontal-chest');
    return { verdict: 'analyse', remarks: pixels.frontalVerdict === 'unsure' ? [reasonOf('frontal-uncertain')] : [] };
  }
  if (pixels.frontalVerdict === 'frontal') return { verdict: 'analyse', remarks: against.map(({ remark }) => reasonOf(remark)) };
  return refuse(first.code, first.text);
}

interface Claim {
  readonly code: ReasonCode;
  readonly text: string;
  readonly remark: ReasonCode;
}

/** What the header says against a frontal chest, weightiest first. */
function claimsAgainst(header: InstanceHeader): Claim[] {
  const claims: Claim[] = [];
  const view = viewClaim(header);
  if (bodyPartClaim(header.bodyPartExamined) === 'other') claims.push({ code: 'body-part', text: bodyPartText(header), remark: 'header-body-part' });
  if (view !== 'blank' && view !== 'frontal') claims.push({ code: view, text: REASONS[view].text, remark: 'header-view' });
  if (isModalityInDoubt(header)) claims.push({ code: 'modality', text: modalityText(header), remark: 'header-modality' });
  return claims;
}

/** Class and modality tell different stories, one of them that of a plain radiograph. */
function isModalityInDoubt(header: InstanceHeader): boolean {
  const byClass = kindOfSopClass(header.sopClassUid);
  const byModality = kindOfModality(header.modality);
  const projection = (kind: typeof byClass): boolean => kind === 'projection' || kind === 'for-processing';
  const elsewhere = (kind: typeof byClass): boolean => kind === 'other-image' || kind === 'not-an-image';
  return header.hasPixelData && ((projection(byClass) && elsewhere(byModality)) || (byClass === 'other-image' && projection(byModality)));
}

function isForProcessing(header: InstanceHeader, byClass: boolean): boolean {
  const intent = header.presentationIntentType?.trim().toUpperCase();
  return intent === undefined || intent === '' ? byClass : intent === 'FOR PROCESSING';
}

function isAnimal(species: string | undefined): boolean {
  const word = species?.trim().toLowerCase() ?? '';
  return word !== '' && !/homo|human|người|nguoi/.test(word);
}

function otherModality(header: InstanceHeader): HeaderVerdict {
  return ineligible('modality', modalityText(header));
}

/** Modality is a short code string; anything else in it is not repeated. */
function modalityText({ modality }: InstanceHeader): string {
  const word = modality?.trim().toUpperCase() ?? '';
  return /^[A-Z]{2,10}$/.test(word) ? `${word}, ${REASONS.modality.text}` : REASONS.modality.text;
}

function bodyPartText({ bodyPartExamined }: InstanceHeader): string {
  const word = bodyPartExamined?.trim().toUpperCase() ?? '';
  return /^[A-Z _-]{2,16}$/.test(word) ? `${REASONS['body-part'].text} (${word.toLowerCase()})` : REASONS['body-part'].text;
}

function ineligible(code: ReasonCode, text?: string): HeaderVerdict {
  return { verdict: 'ineligible', reason: reasonOf(code, text), remarks: [] };
}

function refuse(code: ReasonCode, text?: string): PixelVerdict {
  return { verdict: 'ineligible', reason: reasonOf(code, text), remarks: [] };
}

/** A model's ageYears limits (manifest). An unknown age excludes nothing: "where known". */
export interface AgeLimits {
  readonly min?: number;
  readonly max?: number;
}

export function ageReason(limits: AgeLimits | undefined, patientAgeYears: number | undefined): CodedReason | undefined {
  if (limits === undefined || patientAgeYears === undefined) return undefined;
  if (limits.min !== undefined && patientAgeYears < limits.min) return reasonOf('age-below-minimum', `patient is under ${limits.min}`);
  if (limits.max !== undefined && patientAgeYears > limits.max) return reasonOf('age-above-maximum', `patient is over ${limits.max}`);
  return undefined;
}

export function ageAllows(limits: AgeLimits | undefined, patientAgeYears: number | undefined): boolean {
  return ageReason(limits, patientAgeYears) === undefined;
}
