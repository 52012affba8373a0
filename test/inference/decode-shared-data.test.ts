/** All public DICOM files that lie beside the repository: each decodes, or says with a code why not. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FirstreadError } from '../../src/errors.ts';
import { decodeInstance } from '../../src/inference/decode-frame.ts';
import { sharedData } from '../shared-data.ts';

const data = sharedData();
/** By file name; everything else with pixel data must decode. */
const REFUSED: Readonly<Record<string, string>> = {
  'html_page_1.dcm': 'not-dicom',
  'html_page_2.dcm': 'not-dicom',
  'dicom-test-files__no_meta.dcm': 'not-dicom',
  'dicom-test-files__meta_missing_tsyntax.dcm': 'data-set-damaged',
  'dcm4che__3gb-bulk-data-truncated': 'pixels-over-limit',
  'dicom-test-files__MR_truncated.dcm': 'pixels-damaged',
};

describe.skipIf(data === undefined)('the shared DICOM files', () => {
  test('all of them', async () => {
    const wrong: string[] = [];
    const counts = { decoded: 0, unsupported: 0, refused: 0 };
    for (const entry of readdirSync(join(data!, 'dicom'), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.endsWith('.csv')) continue;
      const expected = REFUSED[entry.name];
      try {
        const { image } = await decodeInstance(readFileSync(join(entry.parentPath, entry.name)));
        counts.decoded++;
        if (expected !== undefined) wrong.push(`${entry.name} decoded`);
        if (image.pixels.length !== image.width * image.height) wrong.push(`${entry.name}: size`);
        if (image.pixels.some((pixel) => pixel > image.maxValue)) wrong.push(`${entry.name}: above maxValue`);
      } catch (error) {
        if (!(error instanceof FirstreadError)) throw error;
        if (error.code === 'pixels-unsupported') counts.unsupported++;
        else if (error.code === expected) counts.refused++;
        else wrong.push(`${entry.name}: ${error.code} ${error.message}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(counts).toEqual({ decoded: 125, unsupported: 42, refused: 6 });
  }, 120_000);

  test('every CR and DX that has pixels', async () => {
    const pictures = ['cr', 'dx'].flatMap((folder) => readdirSync(join(data!, 'dicom', folder)).map((name) => join(data!, 'dicom', folder, name))).filter((path) => !/chr(Jap|Korean)/.test(path));
    expect(pictures.length).toBeGreaterThan(20);
    for (const path of pictures) {
      const { image } = await decodeInstance(readFileSync(path));
      // Bone is bright: the surroundings of a film are darker than its middle, or the picture is upside down in grey.
      expect(new Set(image.pixels).size, path).toBeGreaterThan(16);
    }
  }, 120_000);
});
