/**
 * Random, mutated and truncated bytes against the readers: what comes out is a data set or a FirstreadError, never
 * another error, never a stall. fast-check prints the seed of a failure.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeImage } from '../../fixtures/encode-pixels.ts';
import { decodeText } from '../../src/dicom/character-set.ts';
import { parseDataSet } from '../../src/dicom/data-set.ts';
import { readInstanceHeader } from '../../src/dicom/instance-header.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { readPatientStudyModule } from '../../src/dicom/patient-study-module.ts';
import { describePixels } from '../../src/dicom/pixel-description.ts';
import { firstFrame } from '../../src/dicom/pixel-frames.ts';
import { foldForSearch } from '../../src/dicom/search-fold.ts';
import { FirstreadError } from '../../src/errors.ts';
import { bareCodestream, inspectJ2k } from '../../src/inference/codecs/j2k-stream.ts';
import { inspectJpeg } from '../../src/inference/codecs/jpeg-stream.ts';
import { decodeRle } from '../../src/inference/codecs/rle.ts';
import { TEST_INSTANCE, testPicture } from '../inference/test-picture.ts';

/** Runs everything that reads; anything but a FirstreadError fails the property. */
function survives(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof FirstreadError)) throw error;
  }
}

function readEverything(bytes: Uint8Array): void {
  const read = readPart10(bytes, { salvage: true });
  JSON.stringify(readInstanceHeader(read.dataSet, read.meta));
  readPatientStudyModule(read.dataSet);
  firstFrame(read.dataSet, describePixels(read.dataSet));
}

const mutation = fc.record({ at: fc.double({ min: 0, max: 0.999999, noNaN: true }), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) });

function mutate(source: Uint8Array, mutations: readonly { at: number; bytes: Uint8Array }[], keep: number): Uint8Array {
  const bytes = source.slice(0, Math.floor(source.length * keep));
  for (const { at, bytes: patch } of mutations) bytes.set(patch.subarray(0, bytes.length - Math.floor(at * bytes.length)), Math.floor(at * bytes.length));
  return bytes;
}

const SYNTAXES = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.5', '1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.90'];
const sequence = [{ CodeValue: 'T-D3000', CodingSchemeDesignator: 'SRT', CodeMeaning: 'Chest' }];
const seeds = SYNTAXES.map((syntax) => writeImage({ ...TEST_INSTANCE, AnatomicRegionSequence: sequence, ViewCodeSequence: sequence, ImageType: ['ORIGINAL', 'PRIMARY'] }, testPicture(16, 16, 12), syntax));

describe('readers', () => {
  test('random bytes as a file', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1024 }), (bytes) => survives(() => readEverything(bytes))), { numRuns: 2000 });
  });

  test('random bytes as a data set in every syntax', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 512 }), fc.constantFrom(...SYNTAXES), fc.boolean(), (bytes, syntax, salvage) => {
      survives(() => parseDataSet(bytes, syntax, { salvage }));
    }), { numRuns: 2000 });
  });

  test('mutated and truncated files', () => {
    const keep = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(fc.property(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 6 }), keep, (seed, mutations, kept) => {
      survives(() => readEverything(mutate(seed, mutations, kept)));
    }), { numRuns: 4000 });
  });

  test('every beginning of a file', () => {
    const seed = seeds[1]!;
    for (let length = 0; length <= seed.length; length++) survives(() => readEverything(seed.slice(0, length)));
  });

  test('an index never points outside its bytes', () => {
    fc.assert(fc.property(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 6 }), (seed, mutations) => {
      survives(() => {
        const { dataSet } = readPart10(mutate(seed, mutations, 1), { salvage: true });
        for (const element of dataSet.elements.values()) {
          for (const range of [element, ...(element.fragments ?? [])]) expect(range.offset + range.length).toBeLessThanOrEqual(dataSet.bytes.length);
        }
      });
    }), { numRuns: 1000 });
  });
});

describe('codestream headers', () => {
  const jpeg = Uint8Array.from([0xff, 0xd8, 0xff, 0xc3, 0, 11, 12, 0, 16, 0, 16, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 1, 0, 0, 1, 2, 3, 0xff, 0xd9]);
  test('JPEG', () => {
    expect(inspectJpeg(jpeg)).toMatchObject({ process: 3, precision: 12, rows: 16, columns: 16, components: 1, complete: true });
    fc.assert(fc.property(fc.array(mutation, { maxLength: 4 }), fc.double({ min: 0, max: 1, noNaN: true }), (mutations, keep) => survives(() => inspectJpeg(mutate(jpeg, mutations, keep)))), { numRuns: 2000 });
  });

  test('JPEG 2000', () => {
    const { dataSet } = readPart10(seeds[6]!);
    const codestream = firstFrame(dataSet, describePixels(dataSet)).bytes;
    expect(inspectJ2k(codestream)).toMatchObject({ rows: 16, columns: 16, precision: 12, reversible: true });
    fc.assert(fc.property(fc.array(mutation, { maxLength: 4 }), fc.double({ min: 0, max: 1, noNaN: true }), (mutations, keep) => survives(() => inspectJ2k(bareCodestream(mutate(codestream, mutations, keep))))), { numRuns: 2000 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(() => inspectJ2k(bareCodestream(bytes)))));
  });

  test('RLE', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 4096 }), (bytes, count) => survives(() => decodeRle(bytes, count, 1, 2))), { numRuns: 2000 });
  });
});

test('any bytes under any character set become text', () => {
  const terms = fc.array(fc.constantFrom('', 'ISO_IR 100', 'ISO_IR 192', 'GB18030', 'ISO_IR 13', 'ISO 2022 IR 87', 'ISO 2022 IR 159', 'ISO 2022 IR 149', 'ISO 2022 IR 58', 'ISO 2022 IR 166', 'bogus'), { maxLength: 3 });
  const bytes = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x1b, 0x24, 0x28, 0x29, 0x42, 0x43)), { maxLength: 60 }).map((values) => Uint8Array.from(values));
  fc.assert(fc.property(bytes, terms, (value, declared) => {
    const { text } = decodeText(value, declared);
    expect(foldForSearch(text)).toBe(foldForSearch(foldForSearch(text)));
  }), { numRuns: 3000 });
});
