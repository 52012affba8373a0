/** How large a native frame is (PS3.3 C.7.6.3), whatever its bits: segmentations have one bit, dose grids 32. PURE. */
import type { DataSetNode } from '../dicom/data-set.ts';
import { codeString, integer } from '../dicom/element-values.ts';
import { TAG } from '../dicom/tags.ts';
import { FirstreadError } from '../errors.ts';

export function frameBits(dataSet: DataSetNode): number {
  const [rows = 0, columns = 0, bitsAllocated = 0] = [integer(dataSet, TAG.Rows), integer(dataSet, TAG.Columns), integer(dataSet, TAG.BitsAllocated)];
  if (rows <= 0 || columns <= 0 || bitsAllocated <= 0) throw new FirstreadError('pixels-damaged', 'Rows, Columns or BitsAllocated are missing', { rows, columns, bitsAllocated });
  const samples = integer(dataSet, TAG.SamplesPerPixel) ?? 1;
  // Two colour samples for every second pixel (PS3.3 C.7.6.3.1.2).
  const perPixel = codeString(dataSet, TAG.PhotometricInterpretation) === 'YBR_FULL_422' && samples === 3 ? 2 : samples;
  return rows * columns * perPixel * bitsAllocated;
}
