/**
 * The first bytes of a deflated data set (PS3.5 A.5), inflated slice by slice in Node's own zlib threads: a private block
 * of many megabytes in front of the header's end does not hold the event loop, which serves every socket. The readers of
 * whole objects work in processes and threads of their own and have dicom/inflate.ts.
 */
import { constants, createInflateRaw } from 'node:zlib';
import { hasZlibHeader } from '../dicom/inflate.ts';
import { FirstreadError } from '../errors.ts';

/** Between two slices the event loop has its turn. */
const SLICE_BYTES = 256 * 1024;

export interface InflatedStart {
  readonly bytes: Uint8Array;
  /** More would have come out. */
  readonly isCut: boolean;
  /** The stream is damaged behind `bytes`. */
  readonly damage?: FirstreadError;
}

/** A stream that is damaged or cut short gives what came out of it. Never rejects. */
export async function inflateStart(deflated: Uint8Array, lengthMax: number): Promise<InflatedStart> {
  const start = await inflateRaw(deflated, lengthMax);
  return start.damage !== undefined && hasZlibHeader(deflated) ? inflateRaw(deflated.subarray(2), lengthMax) : start;
}

async function inflateRaw(deflated: Uint8Array, lengthMax: number): Promise<InflatedStart> {
  // Z_SYNC_FLUSH: a stream without an end is no error.
  const stream = createInflateRaw({ chunkSize: SLICE_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  const slices: Uint8Array[] = [];
  let length = 0;
  const { promise: ended, resolve } = Promise.withResolvers<FirstreadError | undefined>();
  stream.on('data', (slice: Uint8Array) => {
    slices.push(slice);
    length += slice.byteLength;
    if (length > lengthMax) resolve(undefined);
  });
  stream.on('end', () => resolve(undefined));
  stream.on('error', (error) => resolve(new FirstreadError('data-set-damaged', 'the deflated data set is damaged', { inflatedBytes: length }, error)));
  stream.end(deflated);
  const damage = await ended;
  stream.destroy();
  return { bytes: Buffer.concat(slices, Math.min(length, lengthMax)), isCut: length > lengthMax, ...(damage === undefined ? {} : { damage }) };
}
