/** What a detector's numbers are, by layout, objectness, order, unit and label: decoded, and looked at by `models check`. */
import { describe, expect, test } from 'vitest';
import type { BoxesOutput } from '../../src/inference/box-rows.ts';
import { judgeRows } from '../../src/inference/check-boxes.ts';
import { candidatesAreNumbers, decodeCandidates } from '../../src/inference/postprocess-boxes.ts';
import type { Outputs } from '../../src/inference/tensors.ts';
import { yoloDraft } from '../models/tiny-models.ts';

/** Wider than high, so that x and y cannot be exchanged. */
const input = { ...yoloDraft.input, width: 200, height: 100 };
const base = { kind: 'boxes', name: 'out', activation: 'none', family: 'lung nodule', nmsIou: 0.3, maxBoxes: 10, insideLungs: false } as const;
const yolo: BoxesOutput = { ...base, format: 'yolo', layout: 'boxes-first' };
const rowsOf = (...rows: readonly (readonly number[])[]): Outputs => ({ out: { data: Float32Array.from(rows.flat()), dims: [1, rows.length, rows[0]?.length ?? 0] } });
const decoded = (output: BoxesOutput, outputs: Outputs, i = 0) => decodeCandidates(output, outputs, i, input).map(({ x, y, width, height, probability }) => [...[x, y, width, height].map((n) => Math.round(n * 1e3) / 1e3), Math.round(probability * 1e3) / 1e3]);

describe('decoding', () => {
  test('boxes first is boxes last transposed; the second picture of a batch is its own', () => {
    const second = [[30, 20, 8, 4, 0.1, 0.7], [10, 10, 4, 4, 0.2, 0.6]];
    const outputs = (rows: readonly (readonly number[])[], dims: readonly number[]): Outputs => ({ out: { data: Float32Array.from([...new Array<number>(12).fill(0), ...rows.flat()]), dims } });
    const wanted = [[26, 18, 8, 4, 0.7], [8, 8, 4, 4, 0.6]];
    expect(decoded({ ...yolo, index: 1 }, outputs(second, [2, 2, 6]), 1)).toEqual(wanted);
    const columns = [0, 1, 2, 3, 4, 5].map((c) => second.map((row) => row[c] ?? Number.NaN));
    expect(decoded({ ...base, format: 'yolo', index: 1 }, outputs(columns, [2, 6, 2]), 1)).toEqual(wanted);
    expect(decoded({ ...yolo, layout: 'boxes-last', index: 1 }, outputs(columns, [2, 6, 2]), 1)).toEqual(wanted);
  });

  test('objectness times label, each through the sigmoid where there is one', () => {
    expect(decoded({ ...yolo, objectness: true, index: 1 }, rowsOf([30, 20, 8, 4, 0.5, 0.9, 0.6]))).toEqual([[26, 18, 8, 4, 0.3]]);
    expect(decoded({ ...yolo, objectness: true, activation: 'sigmoid' }, rowsOf([30, 20, 8, 4, 0, 1.3863, -9]))).toEqual([[26, 18, 8, 4, 0.4]]);
    expect(decoded({ ...yolo, objectness: false, index: 1 }, rowsOf([30, 20, 8, 4, 0.5, 0.9, 0.6]))).toEqual([[26, 18, 8, 4, 0.9]]);
  });

  test.each([['cxcywh', [30, 20, 8, 4]], ['xyxy', [26, 18, 34, 22]], ['yxyx', [18, 26, 22, 34]], ['xywh', [26, 18, 8, 4]]] as const)('%s, in pixels and in fractions', (boxOrder, four) => {
    const output: BoxesOutput = { ...base, format: 'xyxy-score-label', boxOrder };
    expect(decoded(output, rowsOf([...four, 0.5, 0]))).toEqual([[26, 18, 8, 4, 0.5]]);
    const across = boxOrder === 'yxyx' ? [100, 200] : [200, 100];
    expect(decoded({ ...output, boxUnit: 'fractions' }, rowsOf([...four.map((n, k) => n / (across[k % 2] ?? 1)), 0.5, 0]))).toEqual([[26, 18, 8, 4, 0.5]]);
  });

  test('rows of another label and padding are no boxes, with the label in its column or in an output', () => {
    const corners = [[1, 1, 9, 9], [2, 2, 8, 8], [3, 3, 7, 7], [0, 0, 0, 0]];
    const [scores, labels] = [[0.9, 0.8, 0.7, 0], [2, 1, -1, 1]];
    const inRows = rowsOf(...corners.map((four, i) => [...four, scores[i] ?? 0, labels[i] ?? 0]));
    expect(decoded({ ...base, format: 'xyxy-score-label', index: 1 }, inRows)).toEqual([[2, 2, 6, 6, 0.8]]);
    const list = (values: readonly number[]) => ({ data: Float32Array.from(values), dims: [1, 4] });
    expect(decoded({ ...base, format: 'xyxy-score', index: 2, scoresName: 's', labelsName: 'l' }, { ...rowsOf(...corners), s: list(scores), l: list(labels) })).toEqual([[1, 1, 8, 8, 0.9]]);
    expect(decoded({ ...base, format: 'xyxy-score-label' }, rowsOf([1, 1, 9, 9, 0.9], [0, 0, 0, 0, 0]))).toEqual([[1, 1, 8, 8, 0.9]]);
  });

  test('a network that found nothing has no rows, and that is no failure', () => {
    const output: BoxesOutput = { ...base, format: 'xyxy-score-label' };
    const none: Outputs = { out: { data: new Float32Array(), dims: [1, 0, 6] } };
    expect(decoded(output, none)).toEqual([]);
    expect(candidatesAreNumbers(output, none, 0)).toBe(true);
    expect(judgeRows(output, 'outputs[0]', input, [none])).toEqual({ problems: [], remarks: [] });
  });
});

describe('numbers that are none', () => {
  const nms: BoxesOutput = { ...base, format: 'xyxy-score-label', index: 1 };
  const objectness: BoxesOutput = { ...yolo, objectness: true };
  test.each([
    ['a label that is no whole number', nms, [1, 1, 9, 9, 0.4, 0.5], false],
    ['a label that is no number', nms, [1, 1, 9, 9, 0.4, Number.NaN], false],
    ['a score of the label that is none', nms, [1, 1, 9, 9, Number.NaN, 1], false],
    ['a negative score of the label', nms, [1, 1, 9, 9, -1, 1], false],
    ['a corner that is none', nms, [1, 1, 9, Number.NaN, 0.4, 1], false],
    ['the same of another label', nms, [1, 1, 9, Number.NaN, 0.4, 2], true],
    ['padding with -1', nms, [-1, -1, -1, -1, -1, -1], true],
    ['padding with nothing', nms, [0, 0, 0, 0, 0, Number.NaN], true],
    ['an objectness that is none', objectness, [5, 5, 4, 4, Number.NaN, 0.5], false],
    ['an objectness beyond 1, hidden by a low label', objectness, [5, 5, 4, 4, 3, 0.1], false],
    ['an objectness and a label', objectness, [5, 5, 4, 4, 0.9, 0.1], true],
  ] as const)('%s: %#', (_, output, row, wanted) => {
    expect(candidatesAreNumbers(output, rowsOf(row), 0)).toBe(wanted);
  });
});

describe('three boxes in each cell', () => {
  /** 3 × (40² + 20² + 10²), as YOLOv5 has for 320². */
  const remarks = (count: number, output: BoxesOutput) => judgeRows(output, 'outputs[0]', yoloDraft.input, [rowsOf(...new Array<number[]>(count).fill([30, 20, 8, 4, 0.5, 0.5]))]).remarks.map(({ key }) => key);
  test('are remarked on where nobody has said whether there is an objectness', () => {
    expect(remarks(6300, yolo)).toEqual(['outputs[0].objectness']);
    expect(remarks(6300 + 3 * 25, yolo)).toEqual(['outputs[0].objectness']);
    expect(remarks(2100, yolo)).toEqual([]);
    expect(remarks(6300, { ...yolo, objectness: true })).toEqual([]);
    expect(remarks(6300, { ...yolo, objectness: false })).toEqual([]);
  });
});
