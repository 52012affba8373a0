import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
// @ts-ignore its types do not fit `nodenext`
import dicomParser from 'dicom-parser';
import { encodeFileMeta, readPart10 } from '../../src/dicom/part10.ts';
import { TAG } from '../../src/dicom/tags.ts';
import { FirstreadError } from '../../src/errors.ts';
import { sharedData } from '../shared-data.ts';
import { bytesOf, explicit, implicit } from './byte-literals.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const meta = encodeFileMeta({ transferSyntaxUid: EXPLICIT, sopClassUid: '1.2.840.10008.5.1.4.1.1.1', sopInstanceUid: '2.25.1', sourceAeTitle: 'DX_ROOM_1' });
const body = bytesOf(explicit(TAG.SOPInstanceUID, 'UI', '2.25.1'), explicit(TAG.Modality, 'CS', 'DX'));
const file = Uint8Array.from([...meta, ...body]);

const code = (act: () => unknown): string => {
  try {
    act();
    return 'accepted';
  } catch (error) {
    return error instanceof FirstreadError ? error.code : String(error);
  }
};

test('what is written is read back, to the byte', () => {
  const read = readPart10(file);
  expect(read.meta).toEqual({ transferSyntaxUid: EXPLICIT, sopClassUid: '1.2.840.10008.5.1.4.1.1.1', sopInstanceUid: '2.25.1' });
  expect(read.dataSetOffset).toBe(meta.length);
  expect(read.transferSyntaxGuessed).toBe(false);
  expect(read.remarks).toEqual([]);
  // Group length (0002,0000): bytes from behind it to the end of the group.
  expect(new DataView(meta.buffer).getUint32(128 + 4 + 8, true)).toBe(meta.length - 128 - 4 - 12);
  expect(meta.length % 2).toBe(0);
});

describe('what is missing is assumed and said', () => {
  test('preamble', () => {
    for (const bytes of [file.slice(128), file.slice(132)]) {
      const read = readPart10(bytes);
      expect(read.meta.transferSyntaxUid).toBe(EXPLICIT);
      expect(read.remarks).toEqual(['preamble-missing']);
    }
  });

  test.each([
    ['explicit little endian', body, EXPLICIT],
    ['implicit little endian', bytesOf(implicit(TAG.SOPInstanceUID, '2.25.1')), '1.2.840.10008.1.2'],
    ['explicit big endian', bytesOf(explicit(TAG.SOPInstanceUID, 'UI', '2.25.1', { littleEndian: false })), '1.2.840.10008.1.2.2'],
  ])('everything before the data set: %s', (_name, bytes, syntax) => {
    const read = readPart10(bytes);
    expect(read.meta.transferSyntaxUid).toBe(syntax);
    expect(read.transferSyntaxGuessed).toBe(true);
    expect(read.dataSetOffset).toBe(0);
    expect(read.dataSet.elements.has(TAG.SOPInstanceUID)).toBe(true);
  });

  test('group length, absent or wrong', () => {
    const withoutLength = Uint8Array.from([...meta.slice(0, 132), ...meta.slice(144), ...body]);
    expect(readPart10(withoutLength).dataSet.elements.has(TAG.Modality)).toBe(true);
    const wrong = file.slice();
    new DataView(wrong.buffer).setUint32(140, 5, true);
    expect(readPart10(wrong).dataSet.elements.has(TAG.Modality)).toBe(true);
  });
});

test('what is no DICOM', () => {
  const page = new TextEncoder().encode('<!DOCTYPE html>\n<html><body>Sign in</body></html>');
  const inside = Uint8Array.from([...meta, ...page]);
  const picture = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  for (const bytes of [page, inside, picture, new Uint8Array(0), new Uint8Array(500)]) expect(code(() => readPart10(bytes))).toBe('not-dicom');
  expect(code(() => readPart10(meta.slice(0, 200)))).toBe('data-set-damaged');
});

const data = sharedData();
test.skipIf(data === undefined)('the shared files are indexed as dicom-parser indexes them', () => {
  let compared = 0;
  for (const entry of readdirSync(join(data!, 'dicom'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.csv')) continue;
    const bytes = new Uint8Array(readFileSync(join(entry.parentPath, entry.name)));
    let theirs: { elements: Record<string, { dataOffset: number; length: number; items?: unknown[]; fragments?: unknown[] }> };
    let ours;
    try {
      theirs = dicomParser.parseDicom(bytes);
      ours = readPart10(bytes);
    } catch {
      continue; // One of the two refuses: which files we refuse is another test's business.
    }
    if (ours.dataSet.bytes.buffer !== bytes.buffer || ours.remarks.length > 0) continue; // deflated, or repaired
    for (const [tag, element] of ours.dataSet.elements) {
      const other = theirs.elements[`x${tag.toString(16).padStart(8, '0')}`];
      expect(other, `${entry.name} ${tag.toString(16)}`).toBeDefined();
      expect(element.offset + ours.dataSetOffset, entry.name).toBe(other!.dataOffset);
      // It leaves private implicit sequences as bytes.
      if (element.items !== undefined && other!.items === undefined) expect(element.length, entry.name).toBe(other!.length);
      else if (element.items !== undefined) expect(element.items.length, entry.name).toBe(other!.items!.length);
      else if (element.fragments !== undefined) expect(element.fragments.length - 1, entry.name).toBe(other!.fragments?.length);
      else expect(element.length, entry.name).toBe(other!.length);
    }
    compared++;
  }
  expect(compared).toBeGreaterThan(100);
});
