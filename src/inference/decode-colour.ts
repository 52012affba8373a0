/**
 * Colour → grey (PS3.3 C.7.6.3.1.2), for previews and for comparing: no model reads a colour picture. Luminance as in
 * ITU-R BT.601, which is the Y of YBR_FULL.
 */
import type { DataSetNode } from '../dicom/data-set.ts';
import { TAG } from '../dicom/tags.ts';
import { readLut, type GrayPlane } from './modality-lut.ts';
import type { StoredValues } from './stored-values.ts';

const luminance = (red: number, green: number, blue: number): number => 0.299 * red + 0.587 * green + 0.114 * blue;

export function colourToGray(stored: StoredValues, dataSet: DataSetNode, photometricInterpretation: string): GrayPlane {
  return stored.samplesPerPixel === 1 ? paletteToGray(stored, dataSet) : samplesToGray(stored, photometricInterpretation);
}

function samplesToGray(stored: StoredValues, photometricInterpretation: string): GrayPlane {
  const maxValue = 2 ** stored.bitsStored - 1;
  const count = stored.rows * stored.columns;
  const pixels = maxValue <= 255 ? new Uint8Array(count) : new Uint16Array(count);
  const { values } = stored;
  const firstIsLuminance = photometricInterpretation.startsWith('YBR');
  for (let i = 0, from = 0; i < count; i++, from += 3) {
    pixels[i] = firstIsLuminance ? values[from]! : Math.round(luminance(values[from]!, values[from + 1]!, values[from + 2]!));
  }
  return { pixels, maxValue, slope: 1, intercept: 0, inverted: false, remarks: ['colour-as-grey'] };
}

function paletteToGray(stored: StoredValues, dataSet: DataSetNode): GrayPlane {
  const red = readLut(dataSet, TAG.RedPaletteColorLookupTableDescriptor, TAG.RedPaletteColorLookupTableData, stored.signed);
  const green = readLut(dataSet, TAG.GreenPaletteColorLookupTableDescriptor, TAG.GreenPaletteColorLookupTableData, stored.signed);
  const blue = readLut(dataSet, TAG.BluePaletteColorLookupTableDescriptor, TAG.BluePaletteColorLookupTableData, stored.signed);
  const count = stored.rows * stored.columns;
  const pixels = new Uint8Array(count);
  if (red === undefined || green === undefined || blue === undefined) {
    const shift = Math.max(0, stored.bitsStored - 8);
    for (let i = 0; i < count; i++) pixels[i] = stored.values[i]! >> shift;
    return { pixels, maxValue: 255, slope: 1, intercept: 0, inverted: false, remarks: ['colour-as-grey', 'palette-unusable'] };
  }
  const entry = (lut: typeof red, value: number): number => {
    const found = lut.entries[Math.min(lut.entries.length - 1, Math.max(0, value - lut.first))]!;
    return lut.bits > 8 ? found / 2 ** (lut.bits - 8) : found;
  };
  for (let i = 0; i < count; i++) {
    const value = stored.values[i]!;
    pixels[i] = Math.min(255, luminance(entry(red, value), entry(green, value), entry(blue, value)));
  }
  return { pixels, maxValue: 255, slope: 1, intercept: 0, inverted: false, remarks: ['colour-as-grey'] };
}
