/**
 * Storage SOP classes (PS3.4 table B.5-1, PS3.6 table A-1) by name, and what kind of object each makes. Classes not in
 * the table (private, newer than this file) are still received and kept: the table only tells names and kinds.
 */
export type SopKind =
  /** A grey projection X-ray picture: what the models may read, if the rest fits. */
  | 'projection-x-ray'
  /** Pictures of another kind. */
  | 'image'
  | 'report'
  | 'presentation'
  | 'waveform'
  | 'radiotherapy'
  | 'document'
  | 'other';

export interface SopClass {
  readonly uid: string;
  readonly name: string;
  readonly kind: SopKind;
}

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const rows: readonly (readonly [string, string, SopKind])[] = [
  ['1', 'Computed Radiography Image', 'projection-x-ray'],
  ['1.1', 'Digital X-Ray Image - For Presentation', 'projection-x-ray'],
  ['1.1.1', 'Digital X-Ray Image - For Processing', 'projection-x-ray'],
  ['1.2', 'Digital Mammography X-Ray Image - For Presentation', 'image'],
  ['1.2.1', 'Digital Mammography X-Ray Image - For Processing', 'image'],
  ['1.3', 'Digital Intra-Oral X-Ray Image - For Presentation', 'image'],
  ['1.3.1', 'Digital Intra-Oral X-Ray Image - For Processing', 'image'],
  ['2', 'CT Image', 'image'],
  ['2.1', 'Enhanced CT Image', 'image'],
  ['2.2', 'Legacy Converted Enhanced CT Image', 'image'],
  ['3', 'Ultrasound Multi-frame Image (retired)', 'image'],
  ['3.1', 'Ultrasound Multi-frame Image', 'image'],
  ['4', 'MR Image', 'image'],
  ['4.1', 'Enhanced MR Image', 'image'],
  ['4.2', 'MR Spectroscopy', 'other'],
  ['4.3', 'Enhanced MR Color Image', 'image'],
  ['4.4', 'Legacy Converted Enhanced MR Image', 'image'],
  ['5', 'Nuclear Medicine Image (retired)', 'image'],
  ['6', 'Ultrasound Image (retired)', 'image'],
  ['6.1', 'Ultrasound Image', 'image'],
  ['6.2', 'Enhanced US Volume', 'image'],
  ['7', 'Secondary Capture Image', 'image'],
  ['7.1', 'Multi-frame Single Bit Secondary Capture Image', 'image'],
  ['7.2', 'Multi-frame Grayscale Byte Secondary Capture Image', 'image'],
  ['7.3', 'Multi-frame Grayscale Word Secondary Capture Image', 'image'],
  ['7.4', 'Multi-frame True Color Secondary Capture Image', 'image'],
  ['9.1.1', '12-lead ECG Waveform', 'waveform'],
  ['9.1.2', 'General ECG Waveform', 'waveform'],
  ['9.1.3', 'Ambulatory ECG Waveform', 'waveform'],
  ['9.2.1', 'Hemodynamic Waveform', 'waveform'],
  ['9.3.1', 'Cardiac Electrophysiology Waveform', 'waveform'],
  ['9.4.1', 'Basic Voice Audio Waveform', 'waveform'],
  ['11.1', 'Grayscale Softcopy Presentation State', 'presentation'],
  ['11.2', 'Color Softcopy Presentation State', 'presentation'],
  ['11.3', 'Pseudo-Color Softcopy Presentation State', 'presentation'],
  ['11.4', 'Blending Softcopy Presentation State', 'presentation'],
  ['12.1', 'X-Ray Angiographic Image', 'image'],
  ['12.1.1', 'Enhanced XA Image', 'image'],
  ['12.2', 'X-Ray Radiofluoroscopic Image', 'image'],
  ['12.2.1', 'Enhanced XRF Image', 'image'],
  ['13.1.1', 'X-Ray 3D Angiographic Image', 'image'],
  ['13.1.2', 'X-Ray 3D Craniofacial Image', 'image'],
  ['13.1.3', 'Breast Tomosynthesis Image', 'image'],
  ['20', 'Nuclear Medicine Image', 'image'],
  ['30', 'Parametric Map', 'image'],
  ['66', 'Raw Data', 'other'],
  ['66.1', 'Spatial Registration', 'other'],
  ['66.4', 'Segmentation', 'image'],
  ['66.5', 'Surface Segmentation', 'other'],
  ['66.7', 'Label Map Segmentation', 'image'],
  ['77.1.1', 'VL Endoscopic Image', 'image'],
  ['77.1.2', 'VL Microscopic Image', 'image'],
  ['77.1.4', 'VL Photographic Image', 'image'],
  ['77.1.5.1', 'Ophthalmic Photography 8 Bit Image', 'image'],
  ['77.1.5.2', 'Ophthalmic Photography 16 Bit Image', 'image'],
  ['77.1.5.4', 'Ophthalmic Tomography Image', 'image'],
  ['77.1.6', 'VL Whole Slide Microscopy Image', 'image'],
  ['88.1', 'Text SR (trial)', 'report'],
  ['88.11', 'Basic Text SR', 'report'],
  ['88.22', 'Enhanced SR', 'report'],
  ['88.33', 'Comprehensive SR', 'report'],
  ['88.34', 'Comprehensive 3D SR', 'report'],
  ['88.35', 'Extensible SR', 'report'],
  ['88.40', 'Procedure Log', 'report'],
  ['88.50', 'Mammography CAD SR', 'report'],
  ['88.59', 'Key Object Selection Document', 'report'],
  ['88.65', 'Chest CAD SR', 'report'],
  ['88.67', 'X-Ray Radiation Dose SR', 'report'],
  ['91.1', 'Microscopy Bulk Simple Annotations', 'other'],
  ['104.1', 'Encapsulated PDF', 'document'],
  ['104.2', 'Encapsulated CDA', 'document'],
  ['128', 'Positron Emission Tomography Image', 'image'],
  ['130', 'Enhanced PET Image', 'image'],
  ['481.1', 'RT Image', 'image'],
  ['481.2', 'RT Dose', 'radiotherapy'],
  ['481.3', 'RT Structure Set', 'radiotherapy'],
  ['481.4', 'RT Beams Treatment Record', 'radiotherapy'],
  ['481.5', 'RT Plan', 'radiotherapy'],
  ['481.8', 'RT Ion Plan', 'radiotherapy'],
];

export const SOP_CLASSES: readonly SopClass[] = [
  ...rows.map(([suffix, name, kind]) => ({ uid: STORAGE + suffix, name, kind })),
  { uid: '1.2.840.10008.1.1', name: 'Verification', kind: 'other' },
  { uid: '1.2.840.10008.1.3.10', name: 'Media Storage Directory', kind: 'other' },
];

const byUid = new Map(SOP_CLASSES.map((sopClass) => [sopClass.uid, sopClass]));

export function sopClass(uid: string): SopClass | undefined {
  return byUid.get(uid);
}

/** For people: the name, or the bare UID where it is not in the table. */
export function sopClassName(uid: string): string {
  return byUid.get(uid)?.name ?? uid;
}

export function isProjectionXRay(uid: string): boolean {
  return byUid.get(uid)?.kind === 'projection-x-ray';
}

/** Screenshots, and films that a scanner or a phone has digitised. */
export function isSecondaryCapture(uid: string): boolean {
  return uid === `${STORAGE}7` || uid.startsWith(`${STORAGE}7.`);
}

/** "For Processing" by class; the other sign is PresentationIntentType (0008,0068). */
export function isForProcessing(uid: string): boolean {
  return uid === `${STORAGE}1.1.1` || uid === `${STORAGE}1.2.1` || uid === `${STORAGE}1.3.1`;
}
