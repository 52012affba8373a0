/** A smooth picture with grain, of any depth and sign, that uses its whole range: what codecs are tried on. */
import type { PixelSource } from '../../fixtures/encode-pixels.ts';

export function testPicture(rows: number, columns: number, bitsStored: number, signed = false): PixelSource {
  const count = rows * columns;
  const values = bitsStored <= 8 ? (signed ? new Int8Array(count) : new Uint8Array(count)) : signed ? new Int16Array(count) : new Uint16Array(count);
  const low = signed ? -(2 ** (bitsStored - 1)) : 0;
  const high = low + 2 ** bitsStored - 1;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const wave = 0.5 + 0.5 * Math.sin(x / 20 + y / 31);
      const grain = ((x * 7919 + y * 104_729) % 17) - 8;
      values[y * columns + x] = Math.max(low, Math.min(high, Math.round(low + (high - low) * wave) + grain));
    }
  }
  values[0] = low;
  values[1] = high;
  return { rows, columns, bitsStored, signed, values };
}

export const TEST_INSTANCE = {
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1',
  SOPInstanceUID: '2.25.77',
  StudyInstanceUID: '2.25.78',
  SeriesInstanceUID: '2.25.79',
  Modality: 'DX',
  PatientName: 'NGUYỄN^VĂN ĐỨC',
  PatientID: '1',
};
