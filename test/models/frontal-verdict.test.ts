/** The shipped lung-field model on real DICOM files and on the project's drawings: chests pass, everything else does not. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Canvas } from '../../fixtures/canvas.ts';
import { drawChest } from '../../fixtures/draw-chest.ts';
import { drawHand, drawLateralChest } from '../../fixtures/draw-other.ts';
import { readFilm } from '../../src/commands/prepare.ts';
import type { GrayImage } from '../../src/inference/gray-image.ts';
import { judgeFrontal } from '../../src/inference/lung-field.ts';
import { openLungField, type LungFieldNetwork } from '../../src/inference/lung-field-network.ts';
import { sharedData } from '../shared-data.ts';

const DATA = sharedData();
const MODEL = fileURLToPath(new URL('../../models/lung-field', import.meta.url));
let network: LungFieldNetwork;
beforeAll(async () => void (network = await openLungField(MODEL)));

async function isFrontal(image: GrayImage): Promise<boolean> {
  const { field, frontalProbability, frontalThreshold } = await network.find(image);
  return judgeFrontal(frontalProbability, frontalThreshold, field).frontal;
}

function film({ width, height, cells }: Canvas, change: (value: number) => number = (value) => value): GrayImage {
  return { width, height, pixels: Uint16Array.from(cells, (cell) => Math.round(change(cell) * 4095)), maxValue: 4095 };
}

function turned(image: GrayImage): GrayImage {
  return { ...image, pixels: (image.pixels as Uint16Array).slice().reverse() };
}

describe('drawings', () => {
  const chest = drawChest({ seed: 5, width: 640, height: 760, lesions: [] });

  it('a frontal chest passes, standing on its feet and in the right polarity only', async () => {
    expect(await isFrontal(film(chest))).toBe(true);
    expect(await isFrontal(turned(film(chest)))).toBe(false);
    expect(await isFrontal(film(chest, (value) => 1 - value))).toBe(false);
  });

  it('a lateral chest, a hand, a blank film and noise do not', async () => {
    expect(await isFrontal(film(drawLateralChest(3, 500, 600)))).toBe(false);
    expect(await isFrontal(film(drawHand(3, 500, 600)))).toBe(false);
    expect(await isFrontal({ width: 300, height: 300, pixels: new Uint8Array(90_000).fill(200), maxValue: 255 })).toBe(false);
    let state = 1;
    const noise = Uint8Array.from({ length: 90_000 }, () => (state = (state * 1664525 + 1013904223) >>> 0) >>> 24);
    expect(await isFrontal({ width: 300, height: 300, pixels: noise, maxValue: 255 })).toBe(false);
  });
});

describe.skipIf(DATA === undefined)('real files (shared data folder)', () => {
  const frontal = async (file: string) => isFrontal(await readFilm(join(DATA!, 'dicom', file)));

  it.each(['cr/dicom-test-files__RG1_JLSN', 'cr/fo-dicom__CR-MONO1-10-chest', 'cr/pydicom-data__RG1_J2KI.dcm'])('chest %s passes', async (file) => {
    expect(await frontal(file)).toBe(true);
  });

  it.each([
    'dx/highdicom__dx_image.dcm', 'cr/dicom-test-files__RG2_JLSL', 'cr/dicom-test-files__RG3_JPLL', 'cr/fo-dicom__CR-ModalitySequenceLUT.dcm',
    'ct/fo-dicom__IM-0001-0029.dcm', 'mg/fo-dicom__OutOfBoundsOverlay.dcm', 'us/fo-dicom__GH364.dcm', 'xa/dicom-test-files__XA1_JLSN', 'nm/dicom-test-files__NM1_JLSL',
  ])('%s is refused', async (file) => {
    expect(await frontal(file)).toBe(false);
  });

  it('at least 99 % of every fifth held-out film pass', async () => {
    const rows = readFileSync(new URL('../../models/training/splits.csv', import.meta.url), 'utf8').trim().split('\n').slice(1).map((line) => line.split(','));
    const files = rows.filter((row) => row[3] === 'test').map((row) => row[0]!).filter((_, i) => i % 5 === 0);
    let passed = 0;
    for (const file of files) if (await isFrontal(await readFilm(join(DATA!, file)))) passed++;
    expect(files.length).toBeGreaterThan(200);
    expect(passed / files.length).toBeGreaterThanOrEqual(0.99);
  }, 120_000);
});
