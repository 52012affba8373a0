/**
 * A decoded frame → what a screen shows (PS3.18 8.3.5.1, rendered media): VOI applied, the asked part of the picture at
 * the asked size, 8 bits, grey or RGB. Never enlarged; pixels keep the file's own grid. PURE. Left out: annotations and
 * ICC profiles.
 */
import type { DataSetNode } from '../dicom/data-set.ts';
import type { PixelDescription } from '../dicom/pixel-description.ts';
import { resizeRegion } from '../inference/area-resize.ts';
import type { DecodedFrame } from '../inference/decode-codestream.ts';
import type { GrayImage } from '../inference/gray-image.ts';
import { toGrayPlane } from '../inference/modality-lut.ts';
import { applyVoi, readVoi, type VoiFunction, type Window } from '../inference/voi.ts';
import { toRgb } from './colour.ts';

export interface RenderWish {
  readonly window?: Window & { readonly function: VoiFunction };
  readonly viewport?: Viewport;
}

/** The picture, or its part, has to fit into width × height. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
  /** In pixels of the picture; negative sizes turn it over (PS3.18 8.3.5.1.3). */
  readonly region?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

export interface RenderedPixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** By pixel, row by row. */
  readonly samples: Uint8Array;
}

export const isColour = (decoded: DecodedFrame, pixels: PixelDescription): boolean => decoded.stored.samplesPerPixel === 3 || pixels.photometricInterpretation === 'PALETTE COLOR';

export function renderFrame(decoded: DecodedFrame, dataSet: DataSetNode, pixels: PixelDescription, wish: RenderWish): RenderedPixels {
  const { stored } = decoded;
  const size = { width: stored.columns, height: stored.rows };
  if (isColour(decoded, pixels)) {
    const rgb = toRgb(stored, dataSet, decoded.photometricInterpretation);
    if (wish.viewport === undefined) return { ...size, channels: 3, samples: new Uint8Array(rgb.buffer) };
    const planes = [0, 1, 2].map((sample) => fitted({ ...size, maxValue: 255, pixels: Uint8Array.from({ length: rgb.length / 3 }, (_, i) => rgb[3 * i + sample]!) }, wish.viewport!));
    const { width, height } = planes[0]!;
    return { width, height, channels: 3, samples: Uint8Array.from({ length: width * height * 3 }, (_, i) => planes[i % 3]!.pixels[Math.floor(i / 3)]!) };
  }
  const plane = toGrayPlane(stored, dataSet, pixels.photometricInterpretation);
  const voi = readVoi(dataSet, plane, pixels.photometricInterpretation, wish.window !== undefined);
  const image: GrayImage = { ...size, pixels: plane.pixels, maxValue: plane.maxValue };
  const shown = applyVoi(image, voi === undefined || wish.window === undefined ? voi : { ...voi, function: wish.window.function }, wish.window);
  const { width, height, pixels: grey } = wish.viewport === undefined ? shown : fitted(shown, wish.viewport);
  return { width, height, channels: 1, samples: grey as Uint8Array };
}

/** The asked part, scaled down until it fits; an 8-bit picture stays one. */
function fitted(image: GrayImage, { width, height, region }: Viewport): GrayImage {
  const x = Math.min(image.width - 1, region?.x ?? 0);
  const y = Math.min(image.height - 1, region?.y ?? 0);
  // What is asked for beyond the edge is not there.
  const part = { x, y, width: Math.min(image.width - x, Math.abs(region?.width ?? image.width)), height: Math.min(image.height - y, Math.abs(region?.height ?? image.height)) };
  const scale = Math.min(1, width / part.width, height / part.height);
  const columns = Math.max(1, Math.round(part.width * scale));
  const rows = Math.max(1, Math.round(part.height * scale));
  const { values } = resizeRegion(image, part, columns, rows);
  const across = (region?.width ?? 1) < 0;
  const down = (region?.height ?? 1) < 0;
  const pixels = new Uint8Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) pixels[y * columns + x] = Math.round(values[(down ? rows - 1 - y : y) * columns + (across ? columns - 1 - x : x)]!);
  }
  return { width: columns, height: rows, pixels, maxValue: 255 };
}
