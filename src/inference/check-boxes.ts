/**
 * Are a detector's rows what its manifest says they are? `models check` looks at the numbers that come out for its
 * pictures: fractions read as pixels, corners read in another order, a label that never comes, an objectness that is taken
 * for a label. Each of these is served without a murmur and finds nothing, or in the wrong place. PURE.
 */
import { boxRows, placeOf, probabilityOf } from './box-rows.ts';
import type { BoxRows, BoxesOutput } from './box-rows.ts';
import type { ManifestProblem } from './manifest-fields.ts';
import type { ManifestInput } from './manifest-types.ts';
import type { Outputs } from './tensors.ts';

/** A box may hang a little over the edge. */
const FRACTION_MAX = 1.5;
/** No fraction: a picture has at least 32 pixels, and boxes all over it. */
const PIXEL_MIN = 8;
/** Strides of the grids of a YOLO; some have the last. */
const STRIDES = [[8, 16, 32], [8, 16, 32, 64]] as const;
const ANCHORS_PER_CELL = 3;

/** Scores of the rows that hold a box, of whatever label, before the activation; of each answer's first picture. */
export function rowScores(output: BoxesOutput, answers: readonly Outputs[]): number[] {
  return answers.flatMap((answer) => {
    const rows = boxRows(output, answer, 0);
    return numbersTo(rows.count).flatMap((row) => (isPadding(rows, row) ? [] : rows.factors(row)));
  });
}

export function judgeRows(output: BoxesOutput, at: string, input: ManifestInput, answers: readonly Outputs[]): { readonly problems: readonly ManifestProblem[]; readonly remarks: readonly ManifestProblem[] } {
  const tables = answers.map((answer) => boxRows(output, answer, 0));
  return { problems: judgeLabels(output, at, tables), remarks: [...judgeUnit(output, at, tables), ...judgeOrder(output, at, tables), ...judgeIndex(output, at, tables), ...judgeObjectness(output, at, input, tables)] };
}

const numbersTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const isPadding = ({ label }: BoxRows, row: number): boolean => (label?.(row) ?? 0) < 0;
/** Rows that are more than padding. */
const scored = (output: BoxesOutput, rows: BoxRows): readonly number[] => numbersTo(rows.count).filter((row) => !isPadding(rows, row) && probabilityOf(rows.factors(row), output) > 0);

/** A row whose label is no whole number is of no label: the columns are others. */
function judgeLabels(output: BoxesOutput, at: string, tables: readonly BoxRows[]): readonly ManifestProblem[] {
  const odd = tables.flatMap((rows) => scored(output, rows).map((row) => rows.label?.(row) ?? 0)).find((label) => !Number.isInteger(label));
  if (odd === undefined) return [];
  return [{ key: at, problem: `gives ${odd} as a label`, remedy: output.labelsName === undefined ? 'the order is four numbers, score, label: swap the last two inside the graph where they come the other way round' : 'is "labelsName" the output that holds labels?' }];
}

/** Many a detector gives fractions of the picture, and a box of one pixel in the corner is the film's only trace of it. */
function judgeUnit(output: BoxesOutput, at: string, tables: readonly BoxRows[]): readonly ManifestProblem[] {
  const largest = tables.reduce((most, rows) => scored(output, rows).reduce((more, row) => Math.max(more, ...rows.four(row).filter(Number.isFinite)), most), 0);
  const key = `${at}.boxUnit`;
  const said = `the largest coordinate is ${Number(largest.toPrecision(4))}`;
  if (output.boxUnit === 'fractions') return largest < PIXEL_MIN ? [] : [{ key, problem: `is "fractions", but ${said}: pixels?`, remedy: 'if the boxes are in pixels of the input, leave it out' }];
  if (largest === 0 || largest > FRACTION_MAX) return [];
  return [{ key, problem: `is pixels, but ${said}: fractions of the picture?`, remedy: 'write "boxUnit": "fractions"' }];
}

/** A second corner that lies before the first makes no box, and the finding is gone. */
function judgeOrder(output: BoxesOutput, at: string, tables: readonly BoxRows[]): readonly ManifestProblem[] {
  const places = tables.flatMap((rows) => scored(output, rows).map((row) => placeOf(rows.four(row), output)));
  const none = places.filter(({ width, height }) => !(width > 0 && height > 0)).length;
  if (2 * none <= places.length) return [];
  return [{ key: `${at}.boxOrder`, problem: `${none} of ${places.length} boxes have no width or no height: are the four numbers in another order?`, remedy: 'write what they are: "cxcywh", "xyxy", "yxyx" or "xywh"' }];
}

/** TensorFlow and torchvision count labels from 1: what is asked for as 0 then never comes. */
function judgeIndex(output: BoxesOutput, at: string, tables: readonly BoxRows[]): readonly ManifestProblem[] {
  const labels = [...new Set(tables.flatMap((rows) => (rows.label === undefined ? [] : scored(output, rows).map(rows.label))))];
  if ((output.index ?? 0) !== 0 || labels.length === 0 || labels.includes(0)) return [];
  return [{ key: `${at}.index`, problem: `is 0, but no box of the test pictures has that label (they have ${labels.slice(0, 5).join(', ')})`, remedy: 'where the labels begin with 1, so does "index"' }];
}

/** Three anchors in each cell, as YOLOv5 and v7 have them, come with an objectness; without it label 0 would be that. */
function judgeObjectness(output: BoxesOutput, at: string, input: ManifestInput, tables: readonly BoxRows[]): readonly ManifestProblem[] {
  if (output.format !== 'yolo' || output.objectness !== undefined) return [];
  const cells = STRIDES.map((strides) => strides.reduce((sum, stride) => sum + Math.ceil(input.width / stride) * Math.ceil(input.height / stride), 0));
  const count = tables[0]?.count ?? 0;
  if (!cells.some((each) => count === ANCHORS_PER_CELL * each)) return [];
  return [{ key: `${at}.objectness`, problem: `is not said, but ${count} boxes are three for each cell, as of YOLOv5: is the fifth number an objectness?`, remedy: 'write "objectness": true, or false if the fifth number is label 0' }];
}
