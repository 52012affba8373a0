/** Pictures drawn for tests: something that the tiny networks take for a chest, with bright spots where wanted. */
import type { GrayImage } from '../../src/inference/gray-image.ts';
import type { InstanceHeader } from '../../src/study/types.ts';

export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly grey: number;
}

/** Two dark lungs on a grey body with a smooth texture; greys 0–255 scaled to `maxValue`. */
export function drawChest({ width = 512, height = 512, maxValue = 255, spots = [] as readonly Spot[] } = {}): GrayImage {
  const pixels = maxValue > 255 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  const inEllipse = (x: number, y: number, cx: number, cy: number, rx: number, ry: number): boolean => ((x / width - cx) / rx) ** 2 + ((y / height - cy) / ry) ** 2 < 1;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const lung = inEllipse(x, y, 0.3, 0.5, 0.15, 0.33) || inEllipse(x, y, 0.7, 0.5, 0.15, 0.33);
      let grey = (lung ? 45 : 150) + 8 * Math.sin(x / 17) + 8 * Math.cos(y / 23);
      for (const spot of spots) if (Math.hypot(x - spot.x, y - spot.y) < spot.radius) grey = spot.grey;
      pixels[y * width + x] = Math.round((Math.max(0, Math.min(255, grey)) / 255) * maxValue);
    }
  }
  return { width, height, pixels, maxValue };
}

export const chestHeader: InstanceHeader = {
  sopInstanceUid: '2.25.1',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  studyInstanceUid: '2.25.2',
  modality: 'DX',
  bodyPartExamined: 'CHEST',
  viewPosition: 'PA',
  presentationIntentType: 'FOR PRESENTATION',
  photometricInterpretation: 'MONOCHROME2',
  rows: 512,
  columns: 512,
  samplesPerPixel: 1,
  patientAgeYears: 40,
  hasPixelData: true,
  characterSetGuessed: false,
};
