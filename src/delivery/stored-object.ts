/**
 * An object of the spool on its way out: what its file meta information says, and its data set's bytes as they lie
 * there. Spool files are written by us (dicom/part10.ts), so their group length (0002,0000) is always there.
 */
import { readPart10 } from '../dicom/part10.ts';
import { FirstreadError } from '../errors.ts';
import type { DeliverySource, DueDelivery, Subject } from './destination.ts';

/** Preamble, "DICM" and eight short elements: a few hundred bytes. */
const FILE_META_BYTES_MAX = 4096;
/** Offset of (0002,0000)'s value: preamble 128, "DICM" 4, tag 4, VR 2, length 2. */
const GROUP_LENGTH_OFFSET = 140;

export interface StoredObject {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** The data set, unchanged, in pieces. */
  dataSet(): AsyncIterable<Uint8Array>;
}

export const folderOf = (subject: Subject): 'reports' | 'instances' => (subject === 'report' ? 'reports' : 'instances');

/** @throws FirstreadError instance-missing, storage-failed, data-set-damaged */
export async function openStoredObject(source: DeliverySource, { subject, fileKey }: DueDelivery): Promise<StoredObject> {
  const folder = folderOf(subject);
  const head = await source.read(folder, fileKey, 0, FILE_META_BYTES_MAX);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const dataSetOffset = head.length < GROUP_LENGTH_OFFSET + 4 ? Infinity : GROUP_LENGTH_OFFSET + 4 + view.getUint32(GROUP_LENGTH_OFFSET, true);
  if (dataSetOffset > head.length) throw new FirstreadError('data-set-damaged', 'the stored file has no file meta information', { fileKey });
  const { meta } = readPart10(head.subarray(0, dataSetOffset));
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = meta;
  if (sopClassUid === undefined || sopInstanceUid === undefined) {
    throw new FirstreadError('data-set-damaged', 'the stored file does not say what it is', { fileKey });
  }
  return { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet: () => source.stream(folder, fileKey, dataSetOffset) };
}

/** What a failure to read our own file means for its delivery. */
export function unreadableObject(error: unknown): { readonly permanent: boolean; readonly code: string; readonly text: string } {
  if (error instanceof FirstreadError) {
    // A file that is gone or damaged does not come back by waiting; a disk that does not answer may.
    const permanent = error.code !== 'storage-failed';
    return { permanent, code: error.code, text: `the object cannot be read from the spool: ${error.message}` };
  }
  return { permanent: false, code: 'spool-unreadable', text: 'the object cannot be read from the spool' };
}
