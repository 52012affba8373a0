/**
 * The header facts of an object that has just been received, from its first bytes in memory where they suffice (its pixel
 * data or its end reached), else from the file. Checks that the object is the one that was announced (PS3.4 §B.2.3:
 * A900H) and gives it a study where the sender left that out.
 */
import { isPixelData, parseDataSet, type ParsedDataSet } from '../dicom/data-set.ts';
import { elementBytes } from '../dicom/element-values.ts';
import { readInstanceHeader } from '../dicom/instance-header.ts';
import { isProjectionXRay, isSecondaryCapture } from '../dicom/sop-classes.ts';
import { TAG } from '../dicom/tags.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, transferSyntaxOrUnknown } from '../dicom/transfer-syntaxes.ts';
import { uidFromHash } from '../dicom/uid.ts';
import { FirstreadError } from '../errors.ts';
import type { InstanceHeader } from '../study/types.ts';
import { inflateStart } from './inflate-start.ts';

export interface ReceivedBytes {
  /** The first bytes of the data set. */
  readonly head: Uint8Array;
  readonly byteLength: number;
  /** The first `lengthMax` bytes of the data set, from the file. */
  reread(lengthMax: number): Promise<Uint8Array>;
}

export interface AnnouncedObject {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** Everything the registry keeps lies in groups up to 0040 (PS3.6); whatever follows may be as large as it likes. */
const HEADER_TAG_LAST = 0x0040ffff;

const IDENTITY = [TAG.SOPClassUID, TAG.SOPInstanceUID, TAG.StudyInstanceUID];

/** Headers are a few kilobytes; a megabyte also holds those with thumbnails and private blobs. */
const INFLATED_HEAD_BYTES = 2 ** 20;

/** `headerBytesMax` holds for the file's bytes and for what comes out of them where they are deflated. */
export async function readObjectHeader(received: ReceivedBytes, announced: AnnouncedObject, headerBytesMax: number): Promise<InstanceHeader> {
  const { byteLength } = received;
  const { transferSyntaxUid } = announced;
  const { deflated } = transferSyntaxOrUnknown(transferSyntaxUid);
  const startOf = async (bytes: Uint8Array, inflatedMax: number): Promise<Start> => {
    const isWhole = bytes.byteLength === byteLength;
    if (!deflated) return parseStart(bytes, transferSyntaxUid, isWhole);
    const { bytes: inflated, isCut, damage } = await inflateStart(bytes, inflatedMax);
    return parseStart(inflated, EXPLICIT_VR_LITTLE_ENDIAN, isWhole && !isCut, damage);
  };

  const first = await startOf(received.head, INFLATED_HEAD_BYTES);
  const further = async (): Promise<Start> => startOf(await received.reread(headerBytesMax), headerBytesMax);
  // An overlay in front of a film's pixels may be longer than the first bytes: it is read further. What that meets (a limit, an
  // unreadable file) is no reason to refuse an object whose header is known.
  const { dataSet, reaches } = first.reaches === 'header' ? await further() : first.reaches === 'past-header' && mayBeFilm(announced) ? await further().catch(() => first) : first;
  // Of a deflated object what came out is taken: no sender is told to keep one for what it expands to.
  if (reaches === 'header' && !deflated) throw new FirstreadError('data-set-over-limit', 'no end of the header within its limit', { headerBytesMax });

  // Some garbage reads as elements; an object says at least one thing about who it is.
  if (!IDENTITY.some((tag) => elementBytes(dataSet, tag) !== undefined)) throw new FirstreadError('not-dicom');
  checkSame(dataSet, TAG.SOPClassUID, announced.sopClassUid);
  checkSame(dataSet, TAG.SOPInstanceUID, announced.sopInstanceUid);
  const header = readInstanceHeader(dataSet, announced);
  if (header.studyInstanceUid !== '') return header;
  // Kept apart: a study of its own, the same one whenever this object comes again.
  return { ...header, studyInstanceUid: uidFromHash('study', announced.sopInstanceUid), studyUidSynthesised: true };
}

/** Whether there are pixels matters of these; other objects may have megabytes of sequences behind their header. */
const mayBeFilm = ({ sopClassUid }: AnnouncedObject): boolean => isProjectionXRay(sopClassUid) || isSecondaryCapture(sopClassUid);

interface Start {
  readonly dataSet: ParsedDataSet;
  /** How far the bytes go: into the header, past everything we read, to the pixel data, or to the object's end. */
  readonly reaches: 'header' | 'past-header' | 'pixels' | 'end';
}

/**
 * A damaged object that still says who it is and where it belongs is kept (a human is asked to look): the sender would
 * hardly ever send it again whole. Other damage throws.
 */
function parseStart(bytes: Uint8Array, transferSyntaxUid: string, isWhole: boolean, damageBehind?: FirstreadError): Start {
  const dataSet = parseDataSet(bytes, transferSyntaxUid, { untilPixelData: true, salvage: true });
  const tags = [...dataSet.elements.keys()];
  if (tags.some(isPixelData)) return { dataSet, reaches: 'pixels' };
  if (isWhole || damageBehind !== undefined) {
    const saysWho = [TAG.SOPInstanceUID, TAG.StudyInstanceUID].every((tag) => elementBytes(dataSet, tag) !== undefined);
    const damage = damageBehind ?? dataSet.damage;
    if (damage !== undefined && !saysWho) throw damage;
    return { dataSet, reaches: 'end' };
  }
  return { dataSet, reaches: tags.some((tag) => tag > HEADER_TAG_LAST) ? 'past-header' : 'header' };
}

/** A data set may lack these UIDs (the command has them), but it may not say something else. */
function checkSame(dataSet: ParsedDataSet, tag: number, announcedUid: string): void {
  const bytes = elementBytes(dataSet, tag);
  if (bytes === undefined) return;
  const uid = Buffer.from(bytes).toString('latin1').replace(/[\0 ]+$/, '');
  if (uid !== '' && uid !== announcedUid) throw new FirstreadError('sop-mismatch');
}
