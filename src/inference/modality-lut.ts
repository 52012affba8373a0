/**
 * Stored values → grey picture in presentation polarity (PS3.3 C.11.1 Modality LUT, C.7.6.3.1.2 photometric
 * interpretations, C.7.5.1.1.2 pixel padding).
 *
 * A linear rescale only moves and stretches the scale, so pixels stay whole stored values (from 0 on) and the way back
 * to the Modality LUT's output units is kept as a straight line; a Modality LUT sequence is applied value by value.
 */
import type { DataSetNode } from '../dicom/data-set.ts';
import { decimal, elementBytes, integers, itemsOf } from '../dicom/element-values.ts';
import { TAG } from '../dicom/tags.ts';
import type { StoredValues } from './stored-values.ts';

export interface LookUpTable {
  /** The value that the first entry is for. */
  readonly first: number;
  readonly entries: Uint16Array;
  readonly bits: number;
}

export interface GrayPlane {
  readonly pixels: Uint8Array | Uint16Array;
  readonly maxValue: number;
  /** pixel × slope + intercept = output of the Modality LUT; the slope is negative where polarity was turned. */
  readonly slope: number;
  readonly intercept: number;
  readonly inverted: boolean;
  readonly remarks: readonly string[];
}

/** LUT Descriptor and LUT Data (PS3.3 C.11.1.1): entry count (0 means 65536), first value, bits per entry. The first value's 16 bits are signed where what it is compared with is, whatever VR they were written in. */
export function readLut(node: DataSetNode, descriptorTag: number, dataTag: number, signed: boolean): LookUpTable | undefined {
  const [countWritten, firstWritten, bits] = integers(node, descriptorTag);
  const data = elementBytes(node, dataTag);
  if (countWritten === undefined || firstWritten === undefined || bits === undefined || data === undefined || bits < 8 || bits > 16) return undefined;
  const first = signed ? (firstWritten << 16) >> 16 : firstWritten & 0xffff;
  const count = (countWritten & 0xffff) || 65_536;
  const entries = new Uint16Array(count);
  if (data.length >= 2 * count) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let i = 0; i < count; i++) entries[i] = view.getUint16(2 * i, node.littleEndian);
  } else if (data.length >= count) entries.set(data.subarray(0, count));
  else return undefined;
  return { first, entries, bits };
}

/** Padding is the detector's surroundings; where it is most of the film, the attribute is wrong. */
const PADDING_FRACTION_MAX = 0.6;

function paddingRange(dataSet: DataSetNode, signed: boolean): readonly [number, number] | undefined {
  const value = integers(dataSet, TAG.PixelPaddingValue, signed)[0];
  if (value === undefined) return undefined;
  const limit = integers(dataSet, TAG.PixelPaddingRangeLimit, signed)[0] ?? value;
  return [Math.min(value, limit), Math.max(value, limit)];
}

/**
 * One table over all possible stored values does everything at once: offset of signed values, Modality LUT, polarity.
 * Where there is nothing to do, `pixels` are the stored values themselves.
 */
export function toGrayPlane(stored: StoredValues, dataSet: DataSetNode, photometricInterpretation: string): GrayPlane {
  const remarks: string[] = [];
  const { bitsStored, signed } = stored;
  const size = 2 ** bitsStored;
  const low = signed ? -size / 2 : 0;
  const monochrome1 = photometricInterpretation === 'MONOCHROME1';
  const lutItem = itemsOf(dataSet, TAG.ModalityLUTSequence)[0];
  const lut = lutItem === undefined ? undefined : readLut(lutItem, TAG.LUTDescriptor, TAG.LUTData, signed);
  const slope = decimal(dataSet, TAG.RescaleSlope) ?? 1;
  const intercept = decimal(dataSet, TAG.RescaleIntercept) ?? 0;
  if (lutItem !== undefined && lut === undefined) remarks.push('modality-lut-unusable');
  if (slope === 0) remarks.push('rescale-slope-zero');
  const usableSlope = slope === 0 ? 1 : slope;
  const maxValue = lut === undefined ? size - 1 : 2 ** lut.bits - 1;
  // A falling rescale turns the picture over just as MONOCHROME1 does.
  const inverted = lut === undefined ? monochrome1 !== usableSlope < 0 : monochrome1;
  const table = maxValue <= 255 ? new Uint8Array(size) : new Uint16Array(size);
  for (let i = 0; i < size; i++) {
    const forward = lut === undefined ? i : Math.min(maxValue, lut.entries[Math.max(0, Math.min(lut.entries.length - 1, low + i - lut.first))]!);
    table[i] = inverted ? maxValue - forward : forward;
  }
  const padding = paddingRange(dataSet, signed);
  // The common film: nothing to do, and 15 MB not copied.
  if (lut === undefined && !inverted && low === 0 && padding === undefined) {
    return { pixels: stored.values as Uint8Array | Uint16Array, maxValue, slope: usableSlope, intercept, inverted, remarks };
  }
  const pixels = maxValue <= 255 ? new Uint8Array(stored.values.length) : new Uint16Array(stored.values.length);
  const { values } = stored;
  if (padding !== undefined) {
    let padded = 0;
    for (let i = 0; i < values.length; i++) if (values[i]! >= padding[0] && values[i]! <= padding[1]) padded++;
    if (padded > PADDING_FRACTION_MAX * values.length) remarks.push('pixel-padding-ignored');
    else for (let value = Math.max(low, padding[0]); value <= Math.min(low + size - 1, padding[1]); value++) table[value - low] = 0;
  }
  for (let i = 0; i < values.length; i++) pixels[i] = table[values[i]! - low]!;
  // forward = (value - low) → value = forward + low → modality = slope × value + intercept.
  const line = lut === undefined ? { slope: usableSlope, intercept: usableSlope * low + intercept } : { slope: 1, intercept: 0 };
  return {
    pixels,
    maxValue,
    slope: inverted ? -line.slope : line.slope,
    intercept: inverted ? line.slope * maxValue + line.intercept : line.intercept,
    inverted,
    remarks,
  };
}
