/**
 * The body of one viewing thread: opens a stored object and answers one question about it. It holds no native add-on
 * (JPEG and PNG are encoded by the caller), so that a picture past its deadline can be ended in the middle.
 */
import { describePixels, PIXEL_LIMITS, type PixelDescription } from '../dicom/pixel-description.ts';
import { jsonTag, littleEndianBytes, toDicomJson } from '../dicom/dicom-json.ts';
import type { DataSetNode } from '../dicom/data-set.ts';
import { elementBytes } from '../dicom/element-values.ts';
import { TAG } from '../dicom/tags.ts';
import { vrOf } from '../dicom/value-representation.ts';
import { FirstreadError } from '../errors.ts';
import { colourToGray } from '../inference/decode-colour.ts';
import { decodeFrame, type DecodedFrame } from '../inference/decode-codestream.ts';
import { toGrayPlane } from '../inference/modality-lut.ts';
import { PREVIEW_SIDE_MAX, renderPreview } from '../inference/preview-pixels.ts';
import { spacingOf } from '../inference/decode-frame.ts';
import { answerTasks } from '../threads/thread-pool.ts';
import { nativeSamples } from './native-frame.ts';
import { isColour, renderFrame, type RenderedPixels } from './render.ts';
import { openStoredFile, type StoredFile } from './stored-file.ts';
import { BULK_DATA_MARK, type ObjectDescription, type ViewAnswer, type ViewTask } from './view-task.ts';

/** A look-up table for 12 bits has 8 KiB, and viewers want it at hand. */
const INLINE_MAX_BYTES = 16 * 1024;
const VALUE_MAX_BYTES = 64 * 2 ** 20;

async function answer(task: ViewTask): Promise<ViewAnswer> {
  const file = openStoredFile(task.path);
  try {
    switch (task.kind) {
      case 'describe':
        return { kind: 'description', description: describe(file) };
      case 'value':
        return { kind: 'bytes', bytes: valueAt(file, task.element) };
      case 'native-frame': {
        const pixels = describePixels(file.dataSet);
        return { kind: 'bytes', bytes: nativeSamples(await decoded(file, task.frame), pixels) };
      }
      case 'render':
        return { kind: 'pixels', pixels: renderFrame(await decoded(file, task.frame), file.dataSet, describePixels(file.dataSet), task.wish) };
      case 'preview':
        return { kind: 'pixels', pixels: await preview(file) };
    }
  } finally {
    file.close();
  }
}

function describe(file: StoredFile): ObjectDescription {
  const json = toDicomJson(file.dataSet, { inlineMaxBytes: INLINE_MAX_BYTES, bulkDataUri: (path) => `${BULK_DATA_MARK}${path}` });
  return { transferSyntaxUid: file.transferSyntaxUid, json: JSON.stringify(json), ...framesOf(file) };
}

function framesOf({ frames }: StoredFile): Pick<ObjectDescription, 'frames' | 'framesProblem'> {
  if (frames === undefined) return {};
  return frames instanceof FirstreadError ? { framesProblem: frames.code } : { frames };
}

/** Limits are judged before a byte of the frame is read. */
async function decoded(file: StoredFile, frame: number): Promise<DecodedFrame> {
  const pixels = describePixels(file.dataSet);
  const { frames } = file;
  if (frames instanceof FirstreadError) throw frames;
  const ranges = frames?.ranges[frame - 1];
  if (frame > pixels.numberOfFrames) throw new FirstreadError('not-found');
  if (frames === undefined || ranges === undefined) throw new FirstreadError('pixels-damaged', 'the pixel data is shorter than the picture', { frame });
  const encapsulated = frames.kind === 'encapsulated';
  let bytes = file.bytesOf(ranges);
  // Big endian words that hold bytes: two samples lie in each word, the second one first.
  const element = file.dataSet.elements.get(TAG.PixelData);
  if (!encapsulated && !file.dataSet.littleEndian && element?.vr === 'OW' && pixels.bitsAllocated === 8) bytes = littleEndianBytes(bytes, 'OW', false);
  return decodeFrame({ bytes, encapsulated, remarks: [] }, pixels, file.transferSyntaxUid);
}

async function preview(file: StoredFile): Promise<RenderedPixels> {
  if (file.frames === undefined) throw new FirstreadError('not-found');
  const { frame, pixels } = sparse(file) ?? { frame: decoded(file, 1), pixels: describePixels(file.dataSet) };
  return previewOf(file, await frame, pixels);
}

/** Uncompressed pictures beyond the limit are still shown: of so many pixels every few rows and columns are enough. */
function sparse(file: StoredFile): { readonly frame: Promise<DecodedFrame>; readonly pixels: PixelDescription } | undefined {
  const whole = describePixels(file.dataSet, { pixelCountMax: Infinity });
  const { frames } = file;
  const range = frames === undefined || frames instanceof FirstreadError || frames.kind !== 'native' ? undefined : frames.ranges[0]?.[0];
  if (whole.rows * whole.columns <= PIXEL_LIMITS.pixelCountMax || whole.samplesPerPixel !== 1 || range === undefined) return undefined;
  const step = Math.ceil(Math.max(whole.rows, whole.columns) / PREVIEW_SIDE_MAX);
  const pixels = { ...whole, rows: Math.max(1, Math.floor(whole.rows / step)), columns: Math.max(1, Math.floor(whole.columns / step)) };
  const sampleBytes = whole.bitsAllocated / 8;
  const bytes = new Uint8Array(pixels.rows * pixels.columns * sampleBytes);
  for (let y = 0, to = 0; y < pixels.rows; y++) {
    const row = file.bytesOf([{ offset: range.offset + y * step * whole.columns * sampleBytes, length: whole.columns * sampleBytes }]);
    for (let x = 0; x < pixels.columns; x++) for (let byte = 0; byte < sampleBytes; byte++) bytes[to++] = row[x * step * sampleBytes + byte]!;
  }
  return { frame: decodeFrame({ bytes, encapsulated: false, remarks: [] }, pixels, file.transferSyntaxUid), pixels };
}

function previewOf(file: StoredFile, frame: DecodedFrame, pixels: PixelDescription): RenderedPixels {
  const { stored } = frame;
  const plane = isColour(frame, pixels) ? colourToGray(stored, file.dataSet, frame.photometricInterpretation) : toGrayPlane(stored, file.dataSet, pixels.photometricInterpretation);
  const { width, height, grey } = renderPreview({ width: stored.columns, height: stored.rows, pixels: plane.pixels, maxValue: plane.maxValue, ...spacingOf(file.dataSet) });
  return { width, height, channels: 1, samples: grey };
}

/** `00283010/0/00283006`: tags and item numbers, as /metadata names them. */
function valueAt(file: StoredFile, path: string): Uint8Array {
  const steps = path.split('/');
  let node: DataSetNode = file.dataSet;
  for (let at = 0; at + 2 < steps.length; at += 2) {
    const item: DataSetNode | undefined = node.elements.get(Number.parseInt(steps[at]!, 16))?.items?.[Number(steps[at + 1])];
    if (item === undefined) throw new FirstreadError('not-found');
    node = item;
  }
  const tag = Number.parseInt(steps.at(-1)!, 16);
  const element = node.elements.get(tag);
  if (steps.length % 2 === 0 || element === undefined || jsonTag(tag) !== steps.at(-1)) throw new FirstreadError('not-found');
  const bytes = elementBytes(node, tag);
  if (bytes === undefined || element.items !== undefined) throw new FirstreadError('not-found');
  if (bytes.length > VALUE_MAX_BYTES) throw new FirstreadError('pixels-over-limit', 'the value is larger than is given at once', { byteLength: bytes.length });
  // A copy: the buffer is handed over whole.
  return littleEndianBytes(bytes, vrOf(element, file.dataSet), node.littleEndian).slice();
}

answerTasks(answer, (given) => (given.kind === 'bytes' ? [given.bytes.buffer] : given.kind === 'pixels' ? [given.pixels.samples.buffer] : []));
