import { describe, expect, test } from 'vitest';
import { pixelElements } from '../../fixtures/encode-pixels.ts';
import { writeDicom, type NaturalisedDataSet } from '../../src/dicom/write-part10.ts';
import { decodeInstance } from '../../src/inference/decode-frame.ts';
import { applyVoi, windowed } from '../../src/inference/voi.ts';
import { TEST_INSTANCE } from './test-picture.ts';

const ramp = { rows: 64, columns: 64, bitsStored: 12, values: Uint16Array.from({ length: 4096 }, (_, i) => i) };

async function shown(changes: NaturalisedDataSet): Promise<Uint8Array> {
  const file = writeDicom({ ...TEST_INSTANCE, ...pixelElements(ramp, '1.2.840.10008.1.2.1'), ...changes }, { sopClassUid: TEST_INSTANCE.SOPClassUID, sopInstanceUid: '2.25.1' });
  const { image, voi } = await decodeInstance(file);
  return applyVoi(image, voi).pixels as Uint8Array;
}

describe('the window functions of PS3.3 C.11.2.1', () => {
  test('LINEAR: the examples in the standard\'s note', () => {
    // c=2048, w=4096: 0 → 0, 4095 → 1. c=2048, w=1: step at 2047.5.
    expect(windowed(0, 2048, 4096, 'LINEAR')).toBe(0);
    expect(windowed(4095, 2048, 4096, 'LINEAR')).toBe(1);
    expect(windowed(2047, 2048, 1, 'LINEAR')).toBe(0);
    expect(windowed(2048, 2048, 1, 'LINEAR')).toBe(1);
    // c=0, w=100: -49.5 … 49.5
    expect(windowed(-50, 0, 100, 'LINEAR')).toBe(0);
    expect(windowed(0, 0, 100, 'LINEAR')).toBeCloseTo(0.5 + 0.5 / 99, 10);
  });
  test('LINEAR_EXACT and SIGMOID', () => {
    expect(windowed(-50, 0, 100, 'LINEAR_EXACT')).toBe(0);
    expect(windowed(0, 0, 100, 'LINEAR_EXACT')).toBe(0.5);
    expect(windowed(50, 0, 100, 'LINEAR_EXACT')).toBe(1);
    expect(windowed(0, 0, 100, 'SIGMOID')).toBe(0.5);
    expect(windowed(25, 0, 100, 'SIGMOID')).toBeCloseTo(1 / (1 + Math.exp(-1)), 10);
  });
});

describe('what a reader is shown', () => {
  test('the header\'s window, in units of the Modality LUT', async () => {
    const pixels = await shown({ WindowCenter: '1048', WindowWidth: '1000', RescaleSlope: '2', RescaleIntercept: '-1000' });
    // Output 548 … 1547: stored 774 … 1273.
    expect([pixels[700], pixels[1400]]).toEqual([0, 255]);
    expect(Math.abs(pixels[1024]! - 128)).toBeLessThanOrEqual(1);
  });

  test('MONOCHROME1: the same window, turned over', async () => {
    const plain = await shown({ WindowCenter: '1000', WindowWidth: '800' });
    const turned = await shown({ WindowCenter: '1000', WindowWidth: '800', PhotometricInterpretation: 'MONOCHROME1' });
    expect([...turned]).toEqual([...plain].map((grey) => 255 - grey));
  });

  test('an absurd window is passed over for the next, and without one the whole range is shown', async () => {
    const second = await shown({ WindowCenter: ['50000', '2048'], WindowWidth: ['1', '2000'] });
    expect(second).toEqual(await shown({ WindowCenter: '2048', WindowWidth: '2000' }));
    const whole = await shown({ WindowCenter: '50000', WindowWidth: '1' });
    expect(whole).toEqual(await shown({}));
    expect([whole[0], whole[2048], whole[4095]]).toEqual([0, 128, 255]);
    expect(await shown({ WindowCenter: '2048', WindowWidth: '-5' })).toEqual(whole);
  });

  test('a VOI LUT sequence goes before windows', async () => {
    const lut = { VOILUTSequence: [{ LUTDescriptor: [3, 100, 8], LUTData: [0, 100, 200], _vrMap: { LUTDescriptor: 'US', LUTData: 'US' } }], WindowCenter: '2048', WindowWidth: '4096' };
    const pixels = await shown(lut);
    expect([pixels[0], pixels[101], pixels[102], pixels[4000]]).toEqual([0, 128, 255, 255]);
  });

  test('the first value of a table is signed as the rescaled values are, whatever is stored', async () => {
    const table = { VOILUTSequence: [{ LUTDescriptor: [3, 65_536 - 1000, 8], LUTData: [0, 100, 200], _vrMap: { LUTDescriptor: 'US', LUTData: 'US' } }], RescaleSlope: '1', RescaleIntercept: '-1024' };
    const pixels = await shown(table);
    expect([pixels[0], pixels[24], pixels[25], pixels[26], pixels[4000]]).toEqual([0, 0, 128, 255, 255]);
  });

  test('a flat picture is black, not a division by zero', () => {
    const flat = { width: 2, height: 1, pixels: Uint16Array.of(7, 7), maxValue: 4095 };
    expect([...applyVoi(flat, undefined).pixels]).toEqual([0, 0]);
  });
});
