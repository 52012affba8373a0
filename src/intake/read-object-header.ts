/**
 * The header facts of an object that has just been received, from its first bytes in memory where they suffice (pixel
 * data, or groups past the last one we read, reached), else from the file. Checks that the object is the one that was
 * announced (PS3.4 §B.2.3: A900H) and gives it a study where the sender left that out.
 */
import { isPixelData, parseDataSet, type ParsedDataSet } from '../dicom/data-set.ts';
import { elementBytes } from '../dicom/element-values.ts';
import { readInstanceHeader } from '../dicom/instance-header.ts';
import { TAG } from '../dicom/tags.ts';
import { uidFromHash } from '../dicom/uid.ts';
import { FirstreadError } from '../errors.ts';
import type { InstanceHeader } from '../study/types.ts';

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

export async function readObjectHeader(received: ReceivedBytes, announced: AnnouncedObject, headerBytesMax: number): Promise<InstanceHeader> {
  let head = received.head;
  let dataSet = parseHead(head, received.byteLength, announced.transferSyntaxUid);
  if (dataSet === undefined) {
    head = await received.reread(headerBytesMax);
    dataSet = parseHead(head, received.byteLength, announced.transferSyntaxUid);
  }
  if (dataSet === undefined) throw new FirstreadError('data-set-over-limit', 'no end of the header within its limit', { headerBytesMax });

  // Some garbage reads as elements; an object says at least one thing about who it is.
  if (!IDENTITY.some((tag) => elementBytes(dataSet, tag) !== undefined)) throw new FirstreadError('not-dicom');
  checkSame(dataSet, TAG.SOPClassUID, announced.sopClassUid);
  checkSame(dataSet, TAG.SOPInstanceUID, announced.sopInstanceUid);
  const header = readInstanceHeader(dataSet, announced);
  if (header.studyInstanceUid !== '') return header;
  // Kept apart: a study of its own, the same one whenever this object comes again.
  return { ...header, studyInstanceUid: uidFromHash('study', announced.sopInstanceUid), studyUidSynthesised: true };
}

/**
 * Undefined where these bytes do not reach the end of the header. A damaged object that still says who it is and where it
 * belongs is kept (a human is asked to look): the sender would hardly ever send it again whole. Other damage throws.
 */
function parseHead(head: Uint8Array, byteLength: number, transferSyntaxUid: string): ParsedDataSet | undefined {
  const isWhole = head.byteLength === byteLength;
  const dataSet = parseDataSet(head, transferSyntaxUid, { untilPixelData: true, salvage: true });
  if (isWhole) {
    const saysWho = [TAG.SOPInstanceUID, TAG.StudyInstanceUID].every((tag) => elementBytes(dataSet, tag) !== undefined);
    if (dataSet.damage !== undefined && !saysWho) throw dataSet.damage;
    return dataSet;
  }
  for (const tag of dataSet.elements.keys()) if (tag > HEADER_TAG_LAST || isPixelData(tag)) return dataSet;
  return undefined;
}

/** A data set may lack these UIDs (the command has them), but it may not say something else. */
function checkSame(dataSet: ParsedDataSet, tag: number, announcedUid: string): void {
  const bytes = elementBytes(dataSet, tag);
  if (bytes === undefined) return;
  const uid = Buffer.from(bytes).toString('latin1').replace(/[\0 ]+$/, '');
  if (uid !== '' && uid !== announcedUid) throw new FirstreadError('sop-mismatch');
}
