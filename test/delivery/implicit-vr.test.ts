import { describe, expect, it } from 'vitest';
import { toImplicitVr } from '../../src/delivery/implicit-vr.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { parseDataSet } from '../../src/dicom/data-set.ts';
import type { DataSetNode } from '../../src/dicom/data-set.ts';
import { FirstreadError } from '../../src/errors.ts';
import { buildChestReport } from '../../src/report/chest-report.ts';
import { buildVisual } from '../../src/report/visual.ts';
import { CASES } from '../report/report-cases.ts';

const dataSetBytes = (file: Uint8Array): Uint8Array => file.subarray(readPart10(file).dataSetOffset);
const bytes = (...parts: (number | string)[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part, 'latin1')])));

/** Tags, lengths and nesting of a data set. */
function shape(node: DataSetNode): unknown {
  return [...node.elements].map(([tag, { items }]) => (items === undefined ? tag : [tag, items.map(shape)]));
}

describe('explicit to implicit VR', () => {
  it('takes a picture, its samples unchanged', () => {
    const picture = { rows: 60, columns: 160, pixels: Uint8Array.from({ length: 60 * 160 * 3 }, (_, index) => index % 251) };
    const explicit = dataSetBytes(buildVisual(CASES['tb-flagged'], picture).bytes);
    const implicit = toImplicitVr(explicit);
    expect(shape(parseDataSet(implicit, '1.2.840.10008.1.2'))).toEqual(shape(parseDataSet(explicit, '1.2.840.10008.1.2.1')));
    // Pixel Data comes last.
    expect(implicit.subarray(-picture.pixels.length)).toEqual(explicit.subarray(-picture.pixels.length));
  });

  it('changes headers only: byte by byte', () => {
    const explicit = bytes(
      0x08, 0x00, 0x05, 0x00, 'CS', 0x0a, 0x00, 'ISO_IR 192',
      0x40, 0x00, 0x30, 0xa7, 'SQ', 0, 0, 0xff, 0xff, 0xff, 0xff, // (0040,A730), undefined length
      0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff,
      0x40, 0x00, 0x60, 0xa1, 'UT', 0, 0, 0x02, 0, 0, 0, 'ab', // (0040,A160)
      0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0,
      0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0,
    );
    expect(toImplicitVr(explicit)).toEqual(
      bytes(
        0x08, 0x00, 0x05, 0x00, 0x0a, 0, 0, 0, 'ISO_IR 192',
        0x40, 0x00, 0x30, 0xa7, 0xff, 0xff, 0xff, 0xff,
        0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff,
        0x40, 0x00, 0x60, 0xa1, 0x02, 0, 0, 0, 'ab',
        0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0,
        0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0,
      ),
    );
  });

  it.each(Object.keys(CASES) as (keyof typeof CASES)[])('keeps the whole tree of %s', (name) => {
    const explicit = dataSetBytes(buildChestReport(CASES[name]).bytes);
    expect(shape(parseDataSet(toImplicitVr(explicit), '1.2.840.10008.1.2'))).toEqual(shape(parseDataSet(explicit, '1.2.840.10008.1.2.1')));
  });

  it('refuses what our writer does not make', () => {
    expect(() => toImplicitVr(bytes(0x40, 0, 0x30, 0xa7, 'SQ', 0, 0, 8, 0, 0, 0, 0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0))).toThrow(/defined length/);
    expect(() => toImplicitVr(bytes(0xe0, 0x7f, 0x10, 0, 'OB', 0, 0, 0xff, 0xff, 0xff, 0xff))).toThrow(/undefined length/);
  });

  it('cut anywhere, it refuses or ends at an element', () => {
    const explicit = dataSetBytes(buildChestReport(CASES['tb-below-threshold']).bytes);
    for (let length = 0; length < 2_000; length++) {
      try {
        expect(toImplicitVr(explicit.subarray(0, length)).length).toBeLessThanOrEqual(length);
      } catch (error) {
        expect(error).toBeInstanceOf(FirstreadError);
      }
    }
  });
});
