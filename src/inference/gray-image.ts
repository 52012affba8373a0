/**
 * A decoded picture as the models see it: one grey plane, presentation polarity (bone is bright: MONOCHROME1 already
 * inverted, Modality LUT applied; VOI not applied), row by row, no padding.
 */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  /** width × height samples. */
  readonly pixels: Uint8Array | Uint16Array;
  /** The largest value that the encoding can hold (255, 4095, 65535 …), not the largest seen. */
  readonly maxValue: number;
  /** mm per pixel [row spacing, column spacing] where calibrated; `spacingAtDetector` when it is ImagerPixelSpacing. */
  readonly spacingMm?: readonly [number, number];
  readonly spacingAtDetector?: boolean;
  /** Height over width of a pixel (Pixel Aspect Ratio), where no spacing says it. */
  readonly pixelAspect?: number;
}
