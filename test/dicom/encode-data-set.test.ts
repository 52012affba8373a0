/** Our encoder against dcmjs's: the same bytes, or none. */
// @ts-ignore dcmjs has no types of its own
import dcmjs from 'dcmjs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePlain } from '../../src/dicom/encode-data-set.ts';
import { dictionaryEntry, writeDataSet, type NaturalisedDataSet, type NaturalisedValue } from '../../src/dicom/write-part10.ts';
import { chestReportDataSet } from '../../src/report/chest-report.ts';
import { CASES } from '../report/report-cases.ts';

interface DcmjsData {
  readonly DicomMetaDictionary: { denaturalizeDataset(dataSet: object): object };
  readonly DicomMessage: { write(dataSet: object, stream: object, syntax: string, options: object): void };
  readonly WriteBufferStream: new (size: number, littleEndian: boolean) => { getBuffer(): ArrayBuffer };
}
const { DicomMetaDictionary, DicomMessage, WriteBufferStream } = (dcmjs as { data: DcmjsData }).data;

function byDcmjs(dataSet: object): string {
  const stream = new WriteBufferStream(4096, true);
  DicomMessage.write(DicomMetaDictionary.denaturalizeDataset(structuredClone(dataSet)), stream, '1.2.840.10008.1.2.1', { fragmentMultiframe: false, allowInvalidVRLength: true });
  return Buffer.from(stream.getBuffer()).toString('hex');
}
const byUs = (dataSet: NaturalisedDataSet): string | undefined => {
  const bytes = encodePlain(dataSet, dictionaryEntry);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
};
/** What write-part10 prepares: no undefined. */
const withoutUndefined = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(withoutUndefined)
  : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined).map(([key, one]) => [key, withoutUndefined(one)]))
  : value;

describe('encodePlain', () => {
  test.each(Object.entries(CASES))('a report (%s) is byte for byte what dcmjs writes', (_name, facts) => {
    const dataSet = withoutUndefined(chestReportDataSet(facts)) as NaturalisedDataSet;
    const ours = byUs(dataSet);
    expect(ours).toBeDefined();
    expect(ours).toBe(byDcmjs(dataSet));
  });

  const ascii = fc.string({ unit: fc.constantFrom(...'AZaz09 ._-^'), maxLength: 12 });
  const anyText = fc.string({ unit: fc.oneof(fc.constantFrom('Đ', 'ễ', '山', '😀', '=', '^', ' '), fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 })), maxLength: 40 });
  const one = (value: fc.Arbitrary<NaturalisedValue>): fc.Arbitrary<NaturalisedValue> => fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 4 }));
  const leaves: Record<string, fc.Arbitrary<NaturalisedValue>> = {
    PatientName: anyText,
    PatientID: anyText,
    CodeMeaning: anyText,
    ReferencedSOPInstanceUID: one(fc.stringMatching(/^[0-9.]{0,20}$/)),
    SeriesDescription: one(anyText),
    TextValue: anyText,
    PatientComments: anyText,
    Modality: ascii,
    ImageType: one(ascii),
    SOPInstanceUID: fc.stringMatching(/^[0-9.]{0,64}$/),
    StudyDate: fc.constantFrom('', '20261121', '2026'),
    StudyTime: fc.constantFrom('', '101500', '101500.25'),
    NumericValue: one(fc.oneof(ascii, fc.integer({ min: -9999, max: 9999 }))),
    SeriesNumber: fc.oneof(fc.integer({ min: -99_999, max: 99_999 }), fc.constant('')),
    Rows: fc.integer({ min: 0, max: 65_535 }),
    ReferencedFrameNumber: one(fc.integer({ min: 0, max: 999 })),
    GraphicData: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -10_000, max: 10_000 }), { minLength: 1, maxLength: 20 }),
    FloatingPointValue: fc.double({ noNaN: true, noDefaultInfinity: true }),
    RationalDenominatorValue: fc.integer({ min: 0, max: 0xffff_ffff }),
  };
  const { set } = fc.letrec<{ set: NaturalisedDataSet; sequence: NaturalisedValue }>((tie) => ({
    set: fc.record({ ...leaves, ContentSequence: tie('sequence') }, { requiredKeys: [] }) as fc.Arbitrary<NaturalisedDataSet>,
    sequence: fc.array(tie('set'), { maxLength: 3 }) as fc.Arbitrary<NaturalisedValue>,
  }));

  test('any plain data set is byte for byte what dcmjs writes', () => {
    let encoded = 0;
    fc.assert(
      fc.property(set, (dataSet) => {
        const ours = byUs(dataSet);
        if (ours === undefined) return;
        encoded++;
        expect(ours).toBe(byDcmjs(dataSet));
      }),
      { numRuns: 400 },
    );
    expect(encoded).toBeGreaterThan(350);
  });

  test.each<[string, NaturalisedDataSet]>([
    ['pixels', { PixelData: new ArrayBuffer(4), _vrMap: { PixelData: 'OW' } }],
    ['a code over its length', { Modality: 'x'.repeat(17) }],
    ['a code that is not ASCII', { Modality: 'Đ' }],
    ['a number that does not fit', { Rows: 65_536 }],
    ['a text over 64 KiB', { PatientComments: 'x'.repeat(65_536) }],
    ['two values where one is allowed', { TextValue: ['a', 'b'] }],
  ])('%s is left to dcmjs', (_name, dataSet) => {
    expect(byUs(dataSet)).toBeUndefined();
  });

  test('what it leaves out is written all the same', () => {
    expect(Buffer.from(writeDataSet({ PatientComments: 'x'.repeat(65_536) })).includes('x'.repeat(65_536))).toBe(true);
  });
});
