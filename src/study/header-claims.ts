/**
 * What a header claims about the picture: kind of object, body part, view. Claims, not facts: headers are often blank or
 * wrong, eligibility.ts weighs them against the pixels. Pure tables.
 * PS3.3 C.8.7.1 (CR), C.8.11 (DX), PS3.16 Annex L (body parts), PS3.4 B.5 (storage SOP classes).
 */
import type { InstanceHeader } from './types.ts';

export type ObjectKind =
  /** CR, DX, RF: where frontal chest films come from. */
  | 'projection'
  | 'for-processing'
  | 'secondary-capture'
  /** A picture of another kind: CT, MR, US, mammography … */
  | 'other-image'
  /** No picture: SR, presentation state, plan, waveform, document … */
  | 'not-an-image'
  | 'unknown';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';

/** Longest match first; `x` alone and `x.…` below it. */
const SOP_CLASS_KINDS: readonly (readonly [string, ObjectKind])[] = [
  ['1.1.1', 'for-processing'], // Digital X-Ray, For Processing
  ['1.1', 'projection'], // Digital X-Ray, For Presentation
  ['1.2', 'other-image'], // mammography
  ['1.3', 'other-image'], // intra-oral
  ['1', 'projection'], // Computed Radiography
  ['12.2', 'projection'], // X-Ray Radiofluoroscopic
  ['7', 'secondary-capture'],
  ['66.4', 'other-image'], // segmentation
  ['66.5', 'not-an-image'],
  ['66', 'not-an-image'], // raw data, registration, fiducials
  ['9', 'not-an-image'], // waveforms
  ['11', 'not-an-image'], // presentation states
  ['88', 'not-an-image'], // structured reports, key objects
  ['104', 'not-an-image'], // encapsulated documents
  ['481.1', 'other-image'], // RT Image
  ['481.2', 'other-image'], // RT Dose
  ['481', 'not-an-image'], // plans, structure sets
  ['67', 'not-an-image'],
  ['68', 'not-an-image'],
  ['78', 'not-an-image'],
  ['91.1', 'not-an-image'], // microscopy annotations
];

/** Classes below these arcs are pictures of another kind (CT, US, MR, NM, XA, VL, PET, …). */
const OTHER_IMAGE_ARCS = ['2', '3', '4', '5', '6', '12', '13', '14', '20', '30', '77', '128', '130', '501'];

export function kindOfSopClass(sopClassUid: string): ObjectKind {
  if (!sopClassUid.startsWith(STORAGE)) return 'unknown';
  const arc = sopClassUid.slice(STORAGE.length);
  const under = (prefix: string): boolean => arc === prefix || arc.startsWith(`${prefix}.`);
  const known = SOP_CLASS_KINDS.find(([prefix]) => under(prefix));
  if (known) return known[1];
  return OTHER_IMAGE_ARCS.some(under) ? 'other-image' : 'unknown';
}

/** RG is the retired word for a radiograph; RF rooms make chest films too. */
const PROJECTION_MODALITIES = new Set(['CR', 'DX', 'RG', 'RF', 'DR']);
const NON_IMAGE_MODALITIES = new Set(
  'SR PR KO DOC ECG EPS HD RTPLAN RTSTRUCT RTRECORD RTINTENT RWV REG FID PLAN AU EEG EMG EOG RESP ANN SRF STAIN TEXTUREMAP'.split(' '),
);

export function kindOfModality(modality: string | undefined): ObjectKind {
  const word = modality?.trim().toUpperCase() ?? '';
  if (PROJECTION_MODALITIES.has(word)) return 'projection';
  if (word === '' || word === 'OT' || word === 'UN') return 'unknown';
  if (word === 'SC' || word === 'DF' || word === 'HC') return 'secondary-capture';
  return NON_IMAGE_MODALITIES.has(word) ? 'not-an-image' : 'other-image';
}

export type BodyPartClaim = 'chest' | 'other' | 'blank';

/** Anything that contains one of these shows the chest, whatever the spelling (CHEST, THORAX, TORAX, CHEST_TO_PELVIS …). */
const CHEST_WORDS = /CHEST|THORA|TORA|TORSO|LUNG|POUMON|PULM|^PHOI|NGUC|RIB|STERN|CLAVIC|HEART|COR$|PACEMAKER|BABYGRAM|WHOLE ?BODY/;
/** Clearly elsewhere; an unknown word counts as blank, so that a strange spelling hides no chest. */
const OTHER_WORDS =
  /SPINE|HAND|FINGER|THUMB|WRIST|ELBOW|FOREARM|HUMERUS|ARM|SHOULDER|SCAPULA|HIP|PELVIS|FEMUR|THIGH|KNEE|PATELLA|TIBIA|FIBULA|LEG|CALF|ANKLE|FOOT|TOE|HEEL|CALCANEUS|EXTREMITY|SKULL|HEAD|FACE|FACIAL|NASAL|NOSE|SINUS|ORBIT|EYE|JAW|MANDIBLE|MAXILLA|ZYGOMA|TOOTH|TEETH|DENT|NECK|LARYNX|ABDOMEN|KUB|KIDNEY|BLADDER|COLON|STOMACH|SACRUM|COCCYX|BREAST|BRAIN|JOINT/;

export function bodyPartClaim(bodyPartExamined: string | undefined): BodyPartClaim {
  const word = bodyPartExamined?.trim().toUpperCase().normalize('NFD').replace(/\p{M}/gu, '') ?? '';
  // THORACIC SPINE and T-SPINE are spines.
  if (/SPINE/.test(word)) return 'other';
  if (CHEST_WORDS.test(word)) return 'chest';
  return OTHER_WORDS.test(word) ? 'other' : 'blank';
}

export type ViewClaim = 'frontal' | 'view-lateral' | 'view-oblique' | 'view-decubitus' | 'blank';

/** DX has defined terms (C.8.11.5.1.1); CR is free text, and sites write what they like. */
export function viewClaim(header: Pick<InstanceHeader, 'viewPosition' | 'patientOrientation'>): ViewClaim {
  const word = header.viewPosition?.trim().toUpperCase().replace(/[_.-]+/g, ' ') ?? '';
  if (/^(LLD|RLD)$|DECUB/.test(word)) return 'view-decubitus';
  if (/^(LLO|RLO|RAO|LAO|RPO|LPO|OBL)$|OBLIQUE/.test(word)) return 'view-oblique';
  if (/^(LL|RL|L|R|LAT|LEFT|RIGHT|LLAT|RLAT|LAT [LR]|[LR] LAT)$|LATERAL|PROFIL|NGHIENG/.test(word)) return 'view-lateral';
  if (/^(PA|AP|FRONTAL|FRONT|DV|VD)\b|POSTERO ?ANT|ANTERO ?POST|THANG/.test(word)) return 'frontal';
  // PatientOrientation's first value is the direction of a row: towards anterior or posterior means seen from the side.
  const row = header.patientOrientation?.trim().toUpperCase().split('\\')[0] ?? '';
  if (/^[AP][FHLR]?$/.test(row)) return 'view-lateral';
  return /^[LR]/.test(row) ? 'frontal' : 'blank';
}
