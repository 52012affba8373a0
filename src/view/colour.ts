/** Decoded colour → 8-bit RGB by pixel (PS3.3 C.7.6.3.1.2): RGB, YBR_FULL, PALETTE COLOR. Left out: CMYK, ARGB (retired). */
import type { DataSetNode } from '../dicom/data-set.ts';
import { TAG } from '../dicom/tags.ts';
import { readLut, type LookUpTable } from '../inference/modality-lut.ts';
import type { StoredValues } from '../inference/stored-values.ts';

export function toRgb(stored: StoredValues, dataSet: DataSetNode, photometricInterpretation: string): Uint8ClampedArray {
  if (stored.samplesPerPixel === 1) return paletteToRgb(stored, dataSet);
  const shift = Math.max(0, stored.bitsStored - 8);
  const { values } = stored;
  const rgb = new Uint8ClampedArray(values.length);
  if (!photometricInterpretation.startsWith('YBR_FULL')) {
    for (let i = 0; i < values.length; i++) rgb[i] = values[i]! >> shift;
    return rgb;
  }
  for (let i = 0; i < values.length; i += 3) {
    const [y, cb, cr] = [values[i]! >> shift, (values[i + 1]! >> shift) - 128, (values[i + 2]! >> shift) - 128];
    rgb[i] = y + 1.402 * cr;
    rgb[i + 1] = y - 0.344136 * cb - 0.714136 * cr;
    rgb[i + 2] = y + 1.772 * cb;
  }
  return rgb;
}

const PALETTE = [
  [TAG.RedPaletteColorLookupTableDescriptor, TAG.RedPaletteColorLookupTableData],
  [TAG.GreenPaletteColorLookupTableDescriptor, TAG.GreenPaletteColorLookupTableData],
  [TAG.BluePaletteColorLookupTableDescriptor, TAG.BluePaletteColorLookupTableData],
] as const;

function paletteToRgb(stored: StoredValues, dataSet: DataSetNode): Uint8ClampedArray {
  const tables = PALETTE.map(([descriptor, data]) => readLut(dataSet, descriptor, data, stored.signed));
  const shift = Math.max(0, stored.bitsStored - 8);
  const entry = (lut: LookUpTable | undefined, value: number): number => {
    // Without a table the index is all there is to show.
    if (lut === undefined) return value >> shift;
    return lut.entries[Math.min(lut.entries.length - 1, Math.max(0, value - lut.first))]! >> (lut.bits > 8 ? lut.bits - 8 : 0);
  };
  const rgb = new Uint8ClampedArray(stored.values.length * 3);
  for (let i = 0; i < stored.values.length; i++) tables.forEach((lut, sample) => (rgb[3 * i + sample] = entry(lut, stored.values[i]!)));
  return rgb;
}
