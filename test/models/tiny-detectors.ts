/**
 * One detector in every form that exporters give it: the boxes and scores of tinyYolo (tiny-networks.ts), as tables whose
 * columns a test names. So a test can say that two forms are the same findings.
 */
import { writeTinyOnnx } from './tiny-onnx.ts';
import type { TinyNode, TinyTensor } from './tiny-onnx.ts';

const SIDE = 320;
const CELL = 32;
const CELLS = SIDE / CELL;
const COUNT = CELLS * CELLS;
/** Of each box, as tinyYolo's. */
const BOX_SIDE = 64;

export type Four = (box: { readonly cx: number; readonly cy: number; readonly side: number; readonly of: number }) => readonly [number, number, number, number];
/** `four`: the place; `score`: tinyYolo's for label 1; `root` of it; `logit` of it; a number: the same in each row. */
export type Column = 'four' | 'score' | 'root' | 'logit' | number;

export interface TinyTable {
  readonly columns: readonly Column[];
  /** As many rows more, e.g. of another label. */
  readonly more?: readonly Column[];
  /** Ten rows at the end that hold nothing but this. */
  readonly padding?: number;
  /** [N, A, columns] unless said; `list` is [N, A]; `whole` the same as int64. */
  readonly shape?: 'boxes-last' | 'list' | 'whole';
}

const floats = (dims: readonly number[], values: readonly number[]): TinyTensor => ({ dims, type: 'float32', values });
const ints = (values: readonly number[]): TinyTensor => ({ dims: [values.length], type: 'int64', values });
const places = (four: Four): readonly number[] =>
  Array.from({ length: COUNT }, (_, i) => four({ cx: (i % CELLS) * CELL + CELL / 2, cy: Math.floor(i / CELLS) * CELL + CELL / 2, side: BOX_SIDE, of: SIDE })).flat();

export function tinyDetector(four: Four, tables: Readonly<Record<string, TinyTable>>): Buffer {
  const constants: Record<string, TinyTensor> = {
    pick: floats([1, 3, 1, 1], [1 / 3, 1 / 3, 1 / 3]),
    column: ints([0, COUNT, 1]),
    none: floats([1], [0]),
    one: floats([1], [1]),
    least: floats([], [1e-6]),
    most: floats([], [1 - 1e-6]),
    places: floats([1, COUNT, 4], places(four)),
  };
  const nodes: TinyNode[] = [
    { op: 'AveragePool', inputs: ['images'], outputs: ['pooled'], attributes: { kernel_shape: [CELL, CELL], strides: [CELL, CELL] } },
    { op: 'Conv', inputs: ['pooled', 'pick'], outputs: ['bright'], attributes: { kernel_shape: [1, 1] } },
    { op: 'Reshape', inputs: ['bright', 'column'], outputs: ['score'] },
    { op: 'Mul', inputs: ['score', 'none'], outputs: ['nothing'] },
    { op: 'Add', inputs: ['nothing', 'places'], outputs: ['four'] },
    { op: 'Sqrt', inputs: ['score'], outputs: ['root'] },
    { op: 'Clip', inputs: ['score', 'least', 'most'], outputs: ['inside'] },
    { op: 'Sub', inputs: ['one', 'inside'], outputs: ['rest'] },
    { op: 'Div', inputs: ['inside', 'rest'], outputs: ['odds'] },
    { op: 'Log', inputs: ['odds'], outputs: ['logit'] },
  ];
  const columnName = (column: Column): string => {
    if (typeof column === 'string') return column;
    const name = `all ${column}`;
    if (constants[`${name}?`] === undefined) {
      constants[`${name}?`] = floats([1], [column]);
      nodes.push({ op: 'Add', inputs: ['nothing', `${name}?`], outputs: [name] });
    }
    return name;
  };
  const rows = (name: string, columns: readonly Column[]): string => {
    nodes.push({ op: 'Concat', inputs: columns.map(columnName), outputs: [name], attributes: { axis: 2 } });
    return name;
  };
  const shapes = Object.entries(tables).map(([name, { columns, more, padding, shape }]) => {
    const parts = [rows(`${name} rows`, columns), ...(more === undefined ? [] : [rows(`${name} more`, more)])];
    const width = columns.reduce<number>((sum, column) => sum + (column === 'four' ? 4 : 1), 0);
    const count = parts.length * COUNT + (padding === undefined ? 0 : 10);
    nodes.push({ op: 'Concat', inputs: parts, outputs: [`${name} all`], attributes: { axis: 1 } });
    constants[`${name} pads`] = ints([0, 0, 0, 0, count - parts.length * COUNT, 0]);
    constants[`${name} padding`] = floats([], [padding ?? 0]);
    nodes.push({ op: 'Pad', inputs: [`${name} all`, `${name} pads`, `${name} padding`], outputs: [`${name} padded`] });
    constants[`${name} shape`] = ints(shape === 'list' || shape === 'whole' ? [0, count] : [0, count, width]);
    const table = shape === undefined || shape === 'list' ? name : `${name} table`;
    nodes.push({ op: 'Reshape', inputs: [`${name} padded`, `${name} shape`], outputs: [table] });
    if (shape === 'boxes-last') nodes.push({ op: 'Transpose', inputs: [table], outputs: [name], attributes: { perm: [0, 2, 1] } });
    if (shape === 'whole') nodes.push({ op: 'Cast', inputs: [table], outputs: [name], attributes: { to: 7 } });
    const dims = shape === 'boxes-last' ? [width, count] : shape === undefined ? [count, width] : [count];
    return { name, type: shape === 'whole' ? 'int64' : 'float32', shape: ['N', ...dims] } as const;
  });
  return writeTinyOnnx({ inputs: [{ name: 'images', type: 'float32', shape: ['N', 3, SIDE, SIDE] }], outputs: shapes, constants, nodes });
}

/** The four numbers of a box, by the manifest's `boxOrder`. */
export const inOrder: Readonly<Record<'cxcywh' | 'xyxy' | 'yxyx' | 'xywh', Four>> = {
  cxcywh: ({ cx, cy, side }) => [cx, cy, side, side],
  xyxy: ({ cx, cy, side }) => [cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2],
  yxyx: ({ cx, cy, side }) => [cy - side / 2, cx - side / 2, cy + side / 2, cx + side / 2],
  xywh: ({ cx, cy, side }) => [cx - side / 2, cy - side / 2, side, side],
};

export const asFractions = (four: Four): Four => (box) => four(box).map((number) => number / box.of) as unknown as ReturnType<Four>;
