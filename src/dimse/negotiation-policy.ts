/**
 * Defaults for negotiation: SOP classes by what is storage (PS3.4 Annex B.5, PS3.6 Annex A, retired ones too) or private,
 * transfer syntaxes as the sender prefers. Pure. Everything is kept as sent, so nothing is refused for being encoded in
 * a way that only the reader, later, may not understand. Who may call is intake/admission.ts's to say.
 */
import type { NegotiationPolicy } from './association.ts';

/** DICOM's own root. Anything else is private (or nobody's). */
const DICOM_ROOT = '1.2.840.10008.';
/** Standard storage SOP classes, current and retired, live here … */
const STORAGE_ROOT = '1.2.840.10008.5.1.4.1.1.';
/** … but for these, which query, move or get (Protocol Approval, Inventory). */
const NOT_STORAGE = new Set([
  ...['4', '5', '6'].map((leaf) => `${STORAGE_ROOT}200.${leaf}`),
  ...['2', '3', '4', '5', '6'].map((leaf) => `${STORAGE_ROOT}201.${leaf}`),
]);
/** … and these, storage that was given another branch. */
const STORAGE_ELSEWHERE = new Set([
  '1.2.840.10008.5.1.1.27', // Stored Print (retired)
  '1.2.840.10008.5.1.1.29', // Hardcopy Grayscale Image (retired)
  '1.2.840.10008.5.1.1.30', // Hardcopy Color Image (retired)
  '1.2.840.10008.5.1.4.34.1', // RT Beams Delivery Instruction, trial (retired)
  '1.2.840.10008.5.1.4.34.7', // RT Beams Delivery Instruction
  '1.2.840.10008.5.1.4.34.10', // RT Brachy Application Setup Delivery Instruction
  '1.2.840.10008.5.1.4.38.1', // Hanging Protocol
  '1.2.840.10008.5.1.4.39.1', // Color Palette
  '1.2.840.10008.5.1.4.43.1', // Generic Implant Template
  '1.2.840.10008.5.1.4.44.1', // Implant Assembly Template
  '1.2.840.10008.5.1.4.45.1', // Implant Template Group
]);

export function isStandardStorage(sopClassUid: string): boolean {
  return (sopClassUid.startsWith(STORAGE_ROOT) && !NOT_STORAGE.has(sopClassUid)) || STORAGE_ELSEWHERE.has(sopClassUid);
}

export const isPrivateUid = (uid: string): boolean => !uid.startsWith(DICOM_ROOT);

/**
 * The sender's first standard transfer syntax; a private one only where no standard one is proposed with it.
 * An order of our own would make senders transcode, and what was sent is what is to be kept.
 */
export function chooseAsSenderPrefers(proposed: readonly string[]): string | undefined {
  return proposed.find((uid) => !isPrivateUid(uid)) ?? proposed[0];
}

export const OPEN_DOOR: NegotiationPolicy = {
  admit: () => undefined,
  acceptsAbstractSyntax: (uid) => isStandardStorage(uid) || isPrivateUid(uid),
  chooseTransferSyntax: chooseAsSenderPrefers,
};
