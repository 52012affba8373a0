/** DICOM JSON Model (PS3.18 F) value by value, implicit VR, character sets, what is named by address; frames by their fragments. */
import { describe, expect, test } from 'vitest';
import { parseDataSet } from '../../src/dicom/data-set.ts';
import { toDicomJson, type JsonDataSet } from '../../src/dicom/dicom-json.ts';
import { fragmentsByFrame } from '../../src/dicom/frame-fragments.ts';
import { TAG } from '../../src/dicom/tags.ts';
import { writeDataSet, type NaturalisedDataSet } from '../../src/dicom/write-part10.ts';

const EXPLICIT = '1.2.840.10008.1.2.1';
const options = { inlineMaxBytes: 64, bulkDataUri: (path: string): string => `bulk/${path}` };
const jsonOf = (dataSet: NaturalisedDataSet, syntax = EXPLICIT): JsonDataSet => toDicomJson(parseDataSet(writeDataSet(dataSet, syntax), syntax), options);

/** Explicit VR Little Endian, element by element. */
function element(tag: number, vr: string, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value.length % 2 === 0 ? value : `${value} `, 'latin1') : value;
  const long = ['OB', 'OW', 'UN', 'UT', 'SV', 'UV', 'OF', 'SQ'].includes(vr);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}
const rawJson = (...elements: Uint8Array[]): JsonDataSet => toDicomJson(parseDataSet(Buffer.concat(elements), EXPLICIT), options);

describe('values', () => {
  test('numbers, also those that JSON does not have', () => {
    const doubles = Buffer.alloc(32);
    [1.5, Number.NaN, Infinity, -Infinity].forEach((value, at) => doubles.writeDoubleLE(value, 8 * at));
    const long = Buffer.alloc(16);
    long.writeBigInt64LE(-5n, 0);
    long.writeBigInt64LE(2n ** 60n, 8);
    expect(rawJson(element(0x00089459, 'FD', doubles), element(0x00720082, 'SV', long))).toMatchObject({ '00089459': { vr: 'FD', Value: [1.5, 'NaN', 'inf', '-inf'] }, '00720082': { vr: 'SV', Value: [-5, '1152921504606846976'] } });
    expect(rawJson(element(0x00281050, 'DS', '40.5\\ 1e3 \\\\x'), element(0x00200013, 'IS', '+7'))).toMatchObject({ '00281050': { vr: 'DS', Value: [40.5, 1000, null, 'x'] }, '00200013': { Value: [7] } });
  });

  test('attribute tags, names, empty values', () => {
    expect(rawJson(element(0x00280009, 'AT', Uint8Array.of(0x18, 0, 0x63, 0x10)))).toMatchObject({ '00280009': { vr: 'AT', Value: ['00181063'] } });
    expect(jsonOf({ PatientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう', PatientID: '', OtherPatientNames: ['A^B', ''] as never })).toMatchObject({ '00100010': { Value: [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' }] }, '00100020': { vr: 'LO' } });
    expect(Object.keys(jsonOf({ PatientID: '' })['00100020']!)).toEqual(['vr']);
  });

  test('text in whatever character set is Unicode, also where an item has its own', () => {
    const item = Buffer.concat([element(0x00080005, 'CS', 'ISO_IR 192'), element(0x00080104, 'LO', Buffer.from('Ngực', 'utf8').toString('latin1'))]);
    const itemHead = Buffer.alloc(8);
    itemHead.writeUInt32LE(0xe000fffe, 0);
    itemHead.writeUInt32LE(item.length, 4);
    const json = rawJson(element(0x00080005, 'CS', 'ISO_IR 144'), element(0x00082218, 'SQ', Buffer.concat([itemHead, item])), element(0x00100010, 'PN', Buffer.from([0xbb, 0xee, 0xda, 0x20])));
    expect(json).toMatchObject({ '00080005': { Value: ['ISO_IR 192'] }, '00082218': { vr: 'SQ', Value: [{ '00080104': { Value: ['Ngực'] } }] }, '00100010': { Value: [{ Alphabetic: 'Люк' }] } });
  });

  test('binary values inline, little endian; large ones and pixels by address, with the way to them', () => {
    expect(rawJson(element(0x00091001, 'OB', Uint8Array.of(1, 2)), element(0x00091002, 'UN', new Uint8Array(100)), element(0x7fe00010, 'OW', Uint8Array.of(1, 2)))).toMatchObject({
      '00091001': { vr: 'OB', InlineBinary: 'AQI=' }, '00091002': { vr: 'UN', BulkDataURI: 'bulk/00091002' }, '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/7FE00010' },
    });
    const nested = jsonOf({ VOILUTSequence: [{ LUTDescriptor: [50, 0, 16], LUTData: new Uint8Array(100), _vrMap: { LUTDescriptor: 'US', LUTData: 'OW' } }] });
    expect(nested['00283010']!.Value![0]).toMatchObject({ '00283006': { vr: 'OW', BulkDataURI: 'bulk/00283010/0/00283006' } });
    const big = parseDataSet(Buffer.from([0x00, 0x28, 0x12, 0x01, 0x4f, 0x57, 0, 0, 0, 0, 0, 2, 0x12, 0x34]), '1.2.840.10008.1.2.2');
    expect(toDicomJson(big, options)['00281201']).toEqual({ vr: 'OW', InlineBinary: Buffer.from([0x34, 0x12]).toString('base64') });
  });

  test('Implicit VR says the same: the dictionary knows, PixelRepresentation decides, private elements stay unknown', () => {
    const dataSet: NaturalisedDataSet = { PatientName: 'A^B', Rows: 12, PixelRepresentation: 1, SmallestImagePixelValue: -5, WindowCenter: '40', ViewCodeSequence: [{ CodeValue: 'R-10206' }], _vrMap: { SmallestImagePixelValue: 'SS' } };
    expect(jsonOf(dataSet, '1.2.840.10008.1.2')).toEqual(jsonOf(dataSet));
    const implicit = Buffer.concat([Buffer.from([9, 0, 0x10, 0, 4, 0, 0, 0]), Buffer.from('ACME'), Buffer.from([9, 0, 1, 0x10, 2, 0, 0, 0, 7, 8])]);
    expect(toDicomJson(parseDataSet(implicit, '1.2.840.10008.1.2'), options)).toMatchObject({ '00090010': { vr: 'LO', Value: ['ACME'] }, '00091001': { vr: 'UN', InlineBinary: 'Bwg=' } });
  });
});

test('an icon before the picture does not end the reading of a header', () => {
  const dataSet = writeDataSet({ IconImageSequence: [{ Rows: 1, Columns: 2, PixelData: new Uint8Array(2), _vrMap: { PixelData: 'OB' } }], Rows: 7, PixelData: new Uint8Array(14), _vrMap: { PixelData: 'OB' } } as never);
  const header = parseDataSet(dataSet, EXPLICIT, { untilPixelData: true });
  expect([header.elements.has(TAG.PixelData), header.elements.get(TAG.PixelData)!.length]).toEqual([true, 14]);
});

describe('fragments by frame', () => {
  // Five fragments of 10 bytes: items every 18.
  const fragments = [0, 1, 2, 3, 4].map((at) => ({ offset: 1000 + 18 * at, length: 10 }));
  const counts = (plan: Partial<Parameters<typeof fragmentsByFrame>[0]>): number[] => fragmentsByFrame({ fragments, frameCount: 2, offsets: [], begins: () => false, ...plan }).map((frame) => frame.length);
  test('one frame has all of them, one each where the numbers agree', () => {
    expect([counts({ frameCount: 1 }), counts({ frameCount: 5 })]).toEqual([[5], [1, 1, 1, 1, 1]]);
  });
  test('an offset table that points at fragments is believed, another is not', () => {
    expect(counts({ offsets: [0, 54] })).toEqual([3, 2]);
    expect(counts({ offsets: [0, 55], begins: ({ offset }) => offset === 1018 })).toEqual([1, 4]);
    expect(counts({ offsets: [0, 0] })).toEqual([5]);
  });
  test('without a table, codestream beginnings; what cannot be told is not made up', () => {
    expect(counts({ begins: ({ offset }) => offset === 1036 })).toEqual([2, 3]);
    expect(counts({})).toEqual([5]);
    expect(fragmentsByFrame({ fragments: [], frameCount: 1, offsets: [], begins: () => false })).toEqual([]);
  });
});
