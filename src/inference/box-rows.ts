/**
 * Where a detector's numbers lie: for every box its four numbers, its score and its label, whatever the format, so that
 * decoding, the search for broken numbers and the remarks of `models check` read the same ones. PURE. The formats are
 * described in manifest-types.ts. The peaks of a center-heatmap are no rows: postprocess-boxes.ts.
 */
import assert from 'node:assert';
import type { ManifestOutput } from './manifest-types.ts';
import { sigmoid } from './postprocess-scores.ts';
import type { OutputArray, Outputs } from './tensors.ts';

export type BoxesOutput = Extract<ManifestOutput, { kind: 'boxes' }>;
export type Four = readonly [number, number, number, number];

export interface BoxRows {
  readonly count: number;
  /** As the network gives them: order and unit are the manifest's. */
  readonly four: (row: number) => Four;
  /** Of the label that is used, before the activation; with objectness the two that are multiplied. */
  readonly factors: (row: number) => readonly number[];
  /** Absent where every row has a score for each label. */
  readonly label?: (row: number) => number;
}

/** Rows of picture `i` of a batch. */
export function boxRows(output: BoxesOutput, outputs: Outputs, i: number): BoxRows {
  assert(output.format !== 'center-heatmap', 'peaks are no rows');
  const index = output.index ?? 0;
  const boxes = tableOf(outputs, output.name, i, output.format === 'yolo' && output.layout !== 'boxes-first');
  const rows = { count: boxes.count, four: (row: number): Four => [boxes.cell(row, 0), boxes.cell(row, 1), boxes.cell(row, 2), boxes.cell(row, 3)] };
  if (output.format === 'yolo') {
    const columns = output.objectness === true ? [4, 5 + index] : [4 + index];
    return { ...rows, factors: (row) => columns.map((column) => boxes.cell(row, column)) };
  }
  if (output.format === 'xyxy-score-label') {
    return { ...rows, factors: (row) => [boxes.cell(row, 4)], ...(boxes.width > 5 ? { label: (row: number): number => boxes.cell(row, 5) } : {}) };
  }
  const scores = tableOf(outputs, output.scoresName, i);
  if (output.labelsName === undefined) return { ...rows, factors: (row) => [scores.cell(row, index)] };
  const labels = tableOf(outputs, output.labelsName, i);
  return { ...rows, factors: (row) => [scores.cell(row, 0)], label: (row) => labels.cell(row, 0) };
}

export const probabilityOf = (factors: readonly number[], { activation }: BoxesOutput): number =>
  factors.reduce((product, factor) => product * (activation === 'sigmoid' ? sigmoid(factor) : factor), 1);

/** Upper left corner and size, in the unit of `four`. */
export function placeOf([a, b, c, d]: Four, output: BoxesOutput): { x: number; y: number; width: number; height: number } {
  switch (output.boxOrder ?? (output.format === 'yolo' ? 'cxcywh' : 'xyxy')) {
    case 'cxcywh':
      return { x: a - c / 2, y: b - d / 2, width: c, height: d };
    case 'xywh':
      return { x: a, y: b, width: c, height: d };
    case 'xyxy':
      return { x: a, y: b, width: c - a, height: d - b };
    case 'yxyx':
      return { x: b, y: a, width: d - b, height: c - a };
  }
}

export function needOutput(outputs: Outputs, name: string | undefined): OutputArray {
  const output = outputs[name ?? ''];
  assert(output !== undefined, 'a missing output passed the check');
  return output;
}

/** Picture i of a batch. */
export function ofPicture(output: OutputArray, i: number): Float32Array {
  const length = output.data.length / (output.dims[0] ?? 1);
  return output.data.subarray(i * length, (i + 1) * length);
}

/** [N, rows, columns], [N, rows], or [N, columns, rows] where `rowsLast`. */
function tableOf(outputs: Outputs, name: string | undefined, i: number, rowsLast = false): { readonly count: number; readonly width: number; readonly cell: (row: number, column: number) => number } {
  const output = needOutput(outputs, name);
  const values = ofPicture(output, i);
  const [, first = 0, second = 1] = output.dims;
  const [count, width] = rowsLast ? [second, first] : [first, second];
  return { count, width, cell: (row, column) => values[rowsLast ? column * count + row : row * width + column] ?? Number.NaN };
}
