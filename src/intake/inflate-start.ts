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
/** DEFLATE's own limit: two bits for a match of 258 bytes. */
const RATIO_MAX = 1032;

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
  const bytes = Buffer.allocUnsafeSlow(Math.min(lengthMax, deflated.byteLength * RATIO_MAX));
  let length = 0;
  const { promise: ended, resolve } = Promise.withResolvers<FirstreadError | undefined>();
  stream.on('data', (slice: Uint8Array) => {
    // Copied one by one: joining them all in the end would take a tenth of a second at once.
    if (length < bytes.byteLength) bytes.set(slice.subarray(0, bytes.byteLength - length), length);
    length += slice.byteLength;
    if (length > lengthMax) resolve(undefined);
  });
  stream.on('end', () => resolve(undefined));
  stream.on('error', (error) => resolve(new FirstreadError('data-set-damaged', 'the deflated data set is damaged', { inflatedBytes: length }, error)));
  stream.end(deflated);
  const damage = await ended;
  stream.destroy();
  return { bytes: bytes.subarray(0, length), isCut: length > lengthMax, ...(damage === undefined ? {} : { damage }) };
}
