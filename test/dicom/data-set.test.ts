import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseDataSet } from '../../src/dicom/data-set.ts';
import { codeString, decimals, elementBytes, integer, itemsOf } from '../../src/dicom/element-values.ts';
import { TAG } from '../../src/dicom/tags.ts';
import { FirstreadError } from '../../src/errors.ts';
import { bytesOf, explicit, implicit, item, ITEM_END, SEQUENCE_END, UNDEFINED } from './byte-literals.ts';

const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const DEFLATED = '1.2.840.10008.1.2.1.99';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';

const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof FirstreadError) return error.code;
    throw error;
  }
  return 'accepted';
};

const MODALITY = explicit(TAG.Modality, 'CS', 'DX');
const ROWS = explicit(TAG.Rows, 'US', [0xf0, 0x0b]);

describe('encodings', () => {
  test('explicit little endian', () => {
    const dataSet = parseDataSet(bytesOf(MODALITY, ROWS), EXPLICIT);
    expect(codeString(dataSet, TAG.Modality)).toBe('DX');
    expect(integer(dataSet, TAG.Rows)).toBe(0x0bf0);
    expect(dataSet.remarks).toEqual([]);
  });

  test('implicit little endian, a sequence of defined length recognised by its item', () => {
    const code = item(implicit(TAG.CodeValue, '51185008'));
    const dataSet = parseDataSet(bytesOf(implicit(TAG.Modality, 'DX'), implicit(TAG.AnatomicRegionSequence, code), implicit(TAG.Rows, [0xf0, 0x0b])), IMPLICIT);
    expect(codeString(itemsOf(dataSet, TAG.AnatomicRegionSequence)[0]!, TAG.CodeValue)).toBe('51185008');
    expect(integer(dataSet, TAG.Rows)).toBe(0x0bf0);
  });

  test('explicit big endian', () => {
    const big = { littleEndian: false };
    const dataSet = parseDataSet(bytesOf(explicit(TAG.Modality, 'CS', 'DX', big), explicit(TAG.Rows, 'US', [0x0b, 0xf0], big)), BIG_ENDIAN);
    expect(codeString(dataSet, TAG.Modality)).toBe('DX');
    expect(integer(dataSet, TAG.Rows)).toBe(0x0bf0);
  });

  test('deflated, with and without its padding byte, and wrapped as zlib', () => {
    const plain = bytesOf(MODALITY, ROWS);
    const deflated = new Uint8Array(deflateRawSync(plain));
    const padded = Uint8Array.from([...deflated, 0]);
    const zlib = Uint8Array.from([0x78, 0x9c, ...deflated, 0, 0, 0, 0]);
    for (const bytes of [deflated, padded, zlib]) expect(integer(parseDataSet(bytes, DEFLATED), TAG.Rows)).toBe(0x0bf0);
  });

  test('the declared encoding is not the real one: read as it is, and said', () => {
    expect(parseDataSet(bytesOf(MODALITY, ROWS), IMPLICIT).remarks).toEqual(['explicit-vr-under-implicit-syntax']);
    const dataSet = parseDataSet(bytesOf(implicit(TAG.Modality, 'DX'), implicit(TAG.Rows, [1, 0])), EXPLICIT);
    expect(dataSet.remarks).toEqual(['implicit-vr-under-explicit-syntax']);
    expect(integer(dataSet, TAG.Rows)).toBe(1);
  });

  test('a Buffer, whose slice does not copy, reads the same', () => {
    expect(codeString(parseDataSet(Buffer.from(bytesOf(MODALITY)), EXPLICIT), TAG.Modality)).toBe('DX');
  });

  test('an unknown syntax is read as explicit little endian (PS3.5 A.4)', () => {
    expect(codeString(parseDataSet(bytesOf(MODALITY), '1.2.3.4'), TAG.Modality)).toBe('DX');
  });
});

describe('sequences', () => {
  const inner = explicit(TAG.CodeValue, 'SH', 'X ');
  test.each([
    ['defined, defined', explicit(TAG.ViewCodeSequence, 'SQ', item(inner))],
    ['undefined, undefined', [...explicit(TAG.ViewCodeSequence, 'SQ', [], { length: UNDEFINED }), ...item([], { length: UNDEFINED }), ...inner, ...ITEM_END, ...SEQUENCE_END]],
    ['undefined, defined', [...explicit(TAG.ViewCodeSequence, 'SQ', [], { length: UNDEFINED }), ...item(inner), ...SEQUENCE_END]],
    ['undefined UN: implicit little endian inside (PS3.5 6.2.2)', [...explicit(TAG.ViewCodeSequence, 'UN', [], { length: UNDEFINED }), ...item(implicit(TAG.CodeValue, 'X ')), ...SEQUENCE_END]],
    ['item delimiter left out', [...explicit(TAG.ViewCodeSequence, 'SQ', [], { length: UNDEFINED }), ...item([], { length: UNDEFINED }), ...inner, ...SEQUENCE_END]],
  ])('%s', (_name, sequence) => {
    const dataSet = parseDataSet(bytesOf(sequence, ROWS), EXPLICIT);
    expect(codeString(itemsOf(dataSet, TAG.ViewCodeSequence)[0]!, TAG.CodeValue)).toBe('X');
    expect(integer(dataSet, TAG.Rows)).toBe(0x0bf0);
  });

  test('an implicit value that merely begins like an item is not taken for a sequence when its length does not fit', () => {
    const value = [0xfe, 0xff, 0x00, 0xe0, 0xff, 0x00, 0x00, 0x00, 1, 2];
    const dataSet = parseDataSet(bytesOf(implicit(0x00091001, value), implicit(TAG.Rows, [1, 0])), IMPLICIT);
    expect([...elementBytes(dataSet, 0x00091001)!]).toEqual(value);
    expect(integer(dataSet, TAG.Rows)).toBe(1);
  });

  test('private elements and an item left of a stripped sequence do not disturb what follows', () => {
    const dataSet = parseDataSet(bytesOf(explicit(0x00090010, 'LO', 'ACME'), explicit(0x00091001, 'UN', [1, 2, 3, 4]), item(inner), ROWS), EXPLICIT);
    expect(integer(dataSet, TAG.Rows)).toBe(0x0bf0);
    expect(dataSet.remarks).toEqual(['stray-item']);
  });

  test('two values for one tag: the first one stands', () => {
    const dataSet = parseDataSet(bytesOf(MODALITY, explicit(TAG.Modality, 'CS', 'CT')), EXPLICIT);
    expect(codeString(dataSet, TAG.Modality)).toBe('DX');
    expect(dataSet.remarks).toEqual(['element-twice']);
  });
});

describe('pixel data', () => {
  test('cut short: the header stays readable, and the cut is said', () => {
    const dataSet = parseDataSet(bytesOf(ROWS, explicit(TAG.PixelData, 'OW', [1, 2, 3, 4], { length: 1_000_000 })), EXPLICIT);
    expect(integer(dataSet, TAG.Rows)).toBe(0x0bf0);
    expect(dataSet.elements.get(TAG.PixelData)).toMatchObject({ length: 4, truncated: true });
    expect(dataSet.remarks).toEqual(['pixel-data-truncated']);
  });

  test('fragments, the first being the offset table', () => {
    const pixels = [...explicit(TAG.PixelData, 'OB', [], { length: UNDEFINED }), ...item([]), ...item([1, 2]), ...item([3, 4, 5, 6]), ...SEQUENCE_END];
    const element = parseDataSet(bytesOf(ROWS, pixels), EXPLICIT).elements.get(TAG.PixelData)!;
    expect(element.fragments?.map((fragment) => fragment.length)).toEqual([0, 2, 4]);
    expect(element.truncated).toBeUndefined();
  });

  test('a fragment that reaches past the end', () => {
    const pixels = [...explicit(TAG.PixelData, 'OB', [], { length: UNDEFINED }), ...item([]), ...item([1, 2], { length: 0xfffffff0 })];
    const element = parseDataSet(bytesOf(ROWS, pixels), EXPLICIT).elements.get(TAG.PixelData)!;
    expect(element.truncated).toBe(true);
    expect(element.fragments?.map((fragment) => fragment.length)).toEqual([0, 2]);
  });

  test('untilPixelData reads nothing behind it', () => {
    const bytes = bytesOf(ROWS, explicit(TAG.PixelData, 'OW', [1, 2, 3, 4], { length: 0x40000000 }), [1, 2, 3]);
    const dataSet = parseDataSet(bytes, EXPLICIT, { untilPixelData: true });
    expect(dataSet.elements.has(TAG.PixelData)).toBe(true);
    expect(dataSet.remarks).toEqual([]);
  });
});

describe('refusals', () => {
  test('a length past the end', () => {
    const bytes = bytesOf(MODALITY, explicit(TAG.StudyDescription, 'LO', 'X ', { length: 60_000 }));
    expect(refusal(() => parseDataSet(bytes, EXPLICIT))).toBe('data-set-damaged');
    const salvaged = parseDataSet(bytes, EXPLICIT, { salvage: true });
    expect(codeString(salvaged, TAG.Modality)).toBe('DX');
    expect(salvaged.damage?.details).toEqual({ offset: MODALITY.length + 8, tag: '(0008,1030)' });
  });

  test('an HTML page', () => {
    expect(refusal(() => parseDataSet(new TextEncoder().encode('<!DOCTYPE html><html><head></head><body></body></html>'), EXPLICIT))).toBe('not-dicom');
  });

  test('sequences 10,000 deep, of defined and of undefined length', () => {
    const open = [...explicit(TAG.ViewCodeSequence, 'SQ', [], { length: UNDEFINED }), ...item([], { length: UNDEFINED })];
    const deep = new Uint8Array(open.length * 10_000);
    for (let i = 0; i < 10_000; i++) deep.set(open, i * open.length);
    expect(refusal(() => parseDataSet(deep, EXPLICIT))).toBe('data-set-over-limit');
    expect(refusal(() => parseDataSet(deep, EXPLICIT, { salvage: true }))).toBe('data-set-over-limit');
    const closed = new Uint8Array(20 * 10_000);
    const view = new DataView(closed.buffer);
    for (let i = 0; i < 10_000; i++) {
      const left = closed.length - 20 * (i + 1);
      closed.set([...explicit(TAG.ViewCodeSequence, 'SQ', [], { length: left + 8 }), ...item([], { length: left })], 20 * i);
      view.setUint32(20 * i + 16, left, true);
    }
    expect(refusal(() => parseDataSet(closed, EXPLICIT))).toBe('data-set-over-limit');
  });

  test('a million elements; a million empty items', () => {
    const element = explicit(0x00091001, 'LO', []);
    const many = new Uint8Array(element.length * 1_000_000);
    for (let i = 0; i < many.length; i += element.length) many.set(element, i);
    expect(refusal(() => parseDataSet(many, EXPLICIT))).toBe('data-set-over-limit');
    const items = new Uint8Array(12 + 8 * 1_000_000);
    items.set(explicit(TAG.ViewCodeSequence, 'SQ', [], { length: UNDEFINED }));
    for (let i = 12; i < items.length; i += 8) items.set(item([]), i);
    expect(refusal(() => parseDataSet(items, EXPLICIT))).toBe('data-set-over-limit');
  });

  test('a deflate bomb', () => {
    const bomb = new Uint8Array(deflateRawSync(new Uint8Array(200 * 2 ** 20)));
    expect(refusal(() => parseDataSet(bomb, DEFLATED))).toBe('data-set-over-limit');
  });

  test('no byte at all is an empty data set, seven are padding', () => {
    expect(parseDataSet(new Uint8Array(0), EXPLICIT).elements.size).toBe(0);
    expect(parseDataSet(new Uint8Array(7), EXPLICIT).elements.size).toBe(0);
  });
});

test('a deflated header is read without inflating the pixels', () => {
  const pixels = new Uint8Array(8 * 2 ** 20);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 2_654_435_761) >>> 13;
  const head = bytesOf(MODALITY, ROWS, explicit(TAG.PixelData, 'OW', [], { length: pixels.length }));
  const plain = new Uint8Array(head.length + pixels.length);
  plain.set(head);
  plain.set(pixels, head.length);
  const dataSet = parseDataSet(new Uint8Array(deflateRawSync(plain)), DEFLATED, { untilPixelData: true });
  expect(integer(dataSet, TAG.Rows)).toBe(0x0bf0);
  expect(dataSet.elements.has(TAG.PixelData)).toBe(true);
  expect(dataSet.bytes.length).toBeLessThan(2 * 2 ** 20);
  expect(decimals(dataSet, TAG.PixelSpacing)).toEqual([]);
});
