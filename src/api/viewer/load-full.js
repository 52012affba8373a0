/**
 * One frame over DICOMweb (WADO-RS), as it is stored, with progress and a way to stop. What the decoders of the page
 * cannot read is asked for again, decoded by the server.
 */
import { createImage } from '@cornerstonejs/dicom-image-loader';
import { hasText, t } from '../web/strings.js';
import { frameOf } from './multipart.js';

const ACCEPT_STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
const ACCEPT_NATIVE = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
/** Of a picture that is larger than this the page would run out of memory. */
const PIXEL_COUNT_MAX = 120_000_000;
/** Read by the wasm and JavaScript decoders of the image loader, tried against the server's own in the tests. */
const DECODED_HERE = new Set([
  '1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.5', '1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.57', '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.81', '1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.91',
  '1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203',
]);

export class NotShown extends Error {
  constructor(code, words) {
    super(words);
    this.code = code;
  }
}

const instanceAddress = ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }) =>
  `/dicom-web/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;

async function ask(address, accept, signal) {
  let response;
  try {
    response = await fetch(address, { headers: { accept, 'x-firstread': '1' }, credentials: 'same-origin', signal });
  } catch (error) {
    throw error.name === 'AbortError' ? error : new NotShown('offline', t('viewer.failed.offline'));
  }
  if (response.ok) return response;
  const code = (await response.json().catch(() => undefined))?.error?.code;
  if (response.status === 404 || response.status === 410) throw new NotShown('gone', t('viewer.failed.gone'));
  throw new NotShown(code ?? 'other', response.status === 406 || response.status === 415 ? t('viewer.failed.decode') : hasText(`error.${code}`) ? t(`error.${code}`) : t('viewer.failed.other', { code: code ?? String(response.status) }));
}

/** Headers of every object of a study, as DICOM JSON. */
export async function studyHeaders(studyInstanceUid) {
  return (await ask(`/dicom-web/studies/${studyInstanceUid}/metadata`, 'application/dicom+json')).json();
}

/** A value that the header names by its address; the address' host may be another name of this one. */
export async function bulkData(address, signal) {
  const response = await ask(new URL(address, location.href).pathname, 'application/octet-stream', signal);
  return new Uint8Array(await response.arrayBuffer());
}

/** `onProgress(loadedBytes, wholeBytes | undefined)`; `wholeBytes` is undefined while nobody knows. */
export async function loadFull({ place, header, imageId, signal, onProgress, onDecoding }) {
  if (!(header.rows * header.columns <= PIXEL_COUNT_MAX)) throw new NotShown('too-large', t('viewer.failed.other', { code: 'too-large' }));
  const stored = await fetchFrame(place, ACCEPT_STORED, signal, onProgress);
  onDecoding();
  if (DECODED_HERE.has(stored.transferSyntaxUid)) {
    const image = await decode(imageId, stored, header).catch(() => undefined);
    if (image !== undefined) return image;
  }
  signal.throwIfAborted();
  const native = await fetchFrame(place, ACCEPT_NATIVE, signal, onProgress);
  onDecoding();
  const image = await decode(imageId, native, header).catch(() => undefined);
  if (image === undefined) throw new NotShown('decode', t('viewer.failed.decode'));
  return image;
}

async function fetchFrame(place, accept, signal, onProgress) {
  const response = await ask(`${instanceAddress(place)}/frames/1`, accept, signal);
  const whole = Number(response.headers.get('content-length')) || undefined;
  const chunks = [];
  let loaded = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read().catch((error) => { throw error.name === 'AbortError' ? error : new NotShown('offline', t('viewer.failed.offline')); });
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    onProgress(loaded, whole);
  }
  const body = new Uint8Array(loaded);
  chunks.reduce((at, chunk) => (body.set(chunk, at), at + chunk.length), 0);
  const { bytes, transferSyntaxUid = EXPLICIT_LITTLE } = frameOf(body, response.headers.get('content-type') ?? '');
  return { bytes, transferSyntaxUid };
}

/** A decoder that comes to another count of pixels has read something else. */
async function decode(imageId, { bytes, transferSyntaxUid }, { rows, columns, samplesPerPixel, bitsAllocated }) {
  const isNative = ['1.2.840.10008.1.2', EXPLICIT_LITTLE].includes(transferSyntaxUid);
  const wanted = rows * columns * samplesPerPixel;
  if (isNative && bytes.length < (wanted * bitsAllocated) / 8) throw new Error('cut off');
  // Decoders want their words aligned, and the frame to themselves.
  const image = await createImage(imageId, bytes.slice(), transferSyntaxUid, {});
  const { length } = image.getPixelData();
  if (length !== wanted && length !== rows * columns * 3 && length !== rows * columns * 4) throw new Error('another size');
  return image;
}
