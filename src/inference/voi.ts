/**
 * VOI LUT module (PS3.3 C.11.2): which part of the scale a reader is meant to see. Applied for previews, and by
 * whoever wants it; GrayImage itself is without it.
 */
import { codeString, decimals, itemsOf } from '../dicom/element-values.ts';
import type { DataSetNode } from '../dicom/data-set.ts';
import { TAG } from '../dicom/tags.ts';
import type { GrayImage } from './gray-image.ts';
import { readLut, type GrayPlane, type LookUpTable } from './modality-lut.ts';

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** In units of the Modality LUT's output. */
export interface Window {
  readonly center: number;
  readonly width: number;
}

export interface Voi {
  readonly windows: readonly Window[];
  readonly function: VoiFunction;
  readonly lut?: LookUpTable;
  /** pixel × slope + intercept = Modality LUT output. */
  readonly slope: number;
  readonly intercept: number;
  /** MONOCHROME1: the VOI's output is turned over for presentation. */
  readonly monochrome1: boolean;
}

/** Undefined where the header has neither a window nor a table, and nobody asks for one (`always`). */
export function readVoi(dataSet: DataSetNode, plane: GrayPlane, photometricInterpretation: string, always = false): Voi | undefined {
  const centers = decimals(dataSet, TAG.WindowCenter);
  const widths = decimals(dataSet, TAG.WindowWidth);
  const windows = centers.slice(0, Math.min(centers.length, widths.length)).map((center, i) => ({ center, width: widths[i]! }));
  const named = codeString(dataSet, TAG.VOILUTFunction);
  const item = itemsOf(dataSet, TAG.VOILUTSequence)[0];
  // The first value is signed as the Modality LUT's output is (C.11.2.1.1), not as what is stored.
  const signed = Math.min(plane.intercept, plane.slope * plane.maxValue + plane.intercept) < 0;
  const lut = item === undefined ? undefined : readLut(item, TAG.LUTDescriptor, TAG.LUTData, signed);
  if (windows.length === 0 && lut === undefined && !always) return undefined;
  return {
    windows,
    function: named === 'LINEAR_EXACT' || named === 'SIGMOID' ? named : 'LINEAR',
    ...(lut === undefined ? {} : { lut }),
    slope: plane.slope,
    intercept: plane.intercept,
    monochrome1: photometricInterpretation === 'MONOCHROME1',
  };
}

/** C.11.2.1.2 (LINEAR), C.11.2.1.3.2 (LINEAR_EXACT), C.11.2.1.3.1 (SIGMOID); 0–1. */
export function windowed(value: number, center: number, width: number, shape: VoiFunction): number {
  if (shape === 'SIGMOID') return 1 / (1 + Math.exp((-4 * (value - center)) / width));
  if (shape === 'LINEAR_EXACT') return Math.min(1, Math.max(0, (value - center) / width + 0.5));
  if (width <= 1) return value <= center - 0.5 ? 0 : 1;
  return Math.min(1, Math.max(0, (value - (center - 0.5)) / (width - 1) + 0.5));
}

/** A window that shows less than this fraction of the picture's own pixels between black and white is a mistake. */
const SHOWN_FRACTION_MIN = 0.05;

/** The first window that shows something of this picture; undefined where none does. */
export function usableWindow(image: GrayImage, voi: Voi): Window | undefined {
  const histogram = new Uint32Array(image.maxValue + 1);
  for (const pixel of image.pixels) histogram[pixel]!++;
  return voi.windows.find(({ center, width }) => {
    if (!(width > 0)) return false;
    let shown = 0;
    for (let pixel = 0; pixel < histogram.length; pixel++) {
      const grey = histogram[pixel] === 0 ? 0 : windowed(pixel * voi.slope + voi.intercept, center, width, voi.function);
      if (grey > 0.02 && grey < 0.98) shown += histogram[pixel]!;
    }
    return shown >= SHOWN_FRACTION_MIN * image.pixels.length;
  });
}

/**
 * 8 bits in presentation polarity. The window that was asked for; else the header's table, else its first sane window,
 * else the whole range of pixels.
 */
export function applyVoi(image: GrayImage, voi: Voi | undefined, asked?: Window): GrayImage {
  const table = new Uint8Array(image.maxValue + 1);
  const window = asked ?? (voi === undefined || voi.lut !== undefined ? undefined : usableWindow(image, voi));
  if (voi !== undefined && window !== undefined) {
    for (let pixel = 0; pixel < table.length; pixel++) {
      const grey = windowed(pixel * voi.slope + voi.intercept, window.center, window.width, voi.function);
      table[pixel] = Math.round(255 * (voi.monochrome1 ? 1 - grey : grey));
    }
  } else if (voi?.lut !== undefined) fillFromLut(table, voi, voi.lut);
  else {
    let low = image.maxValue;
    let high = 0;
    for (const pixel of image.pixels) {
      if (pixel < low) low = pixel;
      if (pixel > high) high = pixel;
    }
    for (let pixel = low; pixel <= high; pixel++) table[pixel] = high > low ? Math.round((255 * (pixel - low)) / (high - low)) : 0;
  }
  const pixels = new Uint8Array(image.pixels.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[image.pixels[i]!]!;
  return { ...image, pixels, maxValue: 255 };
}

function fillFromLut(table: Uint8Array, voi: Voi, lut: LookUpTable): void {
  // Some writers say 16 bits and use 12: the table's own largest entry is its white.
  let white = 0;
  for (const entry of lut.entries) if (entry > white) white = entry;
  for (let pixel = 0; pixel < table.length; pixel++) {
    const value = Math.round(pixel * voi.slope + voi.intercept);
    const entry = lut.entries[Math.min(lut.entries.length - 1, Math.max(0, value - lut.first))]!;
    const grey = white === 0 ? 0 : entry / white;
    table[pixel] = Math.round(255 * (voi.monochrome1 ? 1 - grey : grey));
  }
}
