/**
 * The four kinds of network that tests run: each computes something simple of the pixels, so that a test can say
 * beforehand what must come out. Bright spots are "findings". None of these looks at anything medical.
 */
import { writeTinyOnnx } from './tiny-onnx.ts';
import type { TinyTensor } from './tiny-onnx.ts';

const floats = (dims: number[], values: number[]): TinyTensor => ({ dims, type: 'float32', values });
const ints = (values: number[]): TinyTensor => ({ dims: [values.length], type: 'int64', values });

/**
 * Input "image" float32 [N,3,side,side]; output "logits" [N,labels]: label i = gain × mean of the picture + i - bias.
 * A DenseNet-like classifier with many labels, as far as its edges go.
 */
export function tinyClassifier({ side = 224, labels = 14, gain = 8, bias = 10 } = {}): Buffer {
  const weights = Array.from({ length: 3 * labels }, () => gain / 3);
  return writeTinyOnnx({
    inputs: [{ name: 'image', type: 'float32', shape: ['N', 3, side, side] }],
    outputs: [{ name: 'logits', type: 'float32', shape: ['N', labels] }],
    constants: { w: floats([3, labels], weights), b: floats([labels], Array.from({ length: labels }, (_, i) => i - bias)) },
    nodes: [
      { op: 'ReduceMean', inputs: ['image'], outputs: ['mean'], attributes: { axes: [2, 3], keepdims: 0 } },
      { op: 'MatMul', inputs: ['mean', 'w'], outputs: ['mixed'] },
      { op: 'Add', inputs: ['mixed', 'b'], outputs: ['logits'] },
    ],
  });
}

/**
 * Input "images" float32 [N,3,side,side] in 0–1; output "output0" [N,4+2,A], A = (side/32)²: every cell proposes a
 * 64 × 64 box at its own centre; label 1's score is the cell's mean brightness, label 0's is always 0.
 */
export function tinyYolo({ side = 320 } = {}): Buffer {
  const cells = side / 32;
  const grid = { cx: [] as number[], cy: [] as number[] };
  for (let row = 0; row < cells; row += 1) {
    for (let column = 0; column < cells; column += 1) {
      grid.cx.push(column * 32 + 16);
      grid.cy.push(row * 32 + 16);
    }
  }
  return writeTinyOnnx({
    inputs: [{ name: 'images', type: 'float32', shape: ['N', 3, side, side] }],
    outputs: [{ name: 'output0', type: 'float32', shape: ['N', 6, cells * cells] }],
    constants: {
      pick: floats([2, 3, 1, 1], [0, 0, 0, 1 / 3, 1 / 3, 1 / 3]),
      blind: floats([4, 3, 1, 1], new Array<number>(12).fill(0)),
      boxes: floats([1, 4, cells, cells], [...grid.cx, ...grid.cy, ...new Array<number>(2 * cells * cells).fill(64)]),
      shape: ints([0, 6, cells * cells]),
    },
    nodes: [
      { op: 'AveragePool', inputs: ['images'], outputs: ['pooled'], attributes: { kernel_shape: [32, 32], strides: [32, 32] } },
      { op: 'Conv', inputs: ['pooled', 'pick'], outputs: ['scores'], attributes: { kernel_shape: [1, 1] } },
      { op: 'Conv', inputs: ['pooled', 'blind'], outputs: ['nothing'], attributes: { kernel_shape: [1, 1] } },
      { op: 'Add', inputs: ['nothing', 'boxes'], outputs: ['places'] },
      { op: 'Concat', inputs: ['places', 'scores'], outputs: ['planes'], attributes: { axis: 1 } },
      { op: 'Reshape', inputs: ['planes', 'shape'], outputs: ['output0'] },
    ],
  });
}

/**
 * Input "image" uint8 [N,1,side,side]; outputs "heat" [N,1,side/8,side/8] logits (mean of the cell: 128 is 0) and
 * "score" [N,1], the largest of them as a probability.
 */
export function tinyHeatmap({ side = 256, gain = 0.08, centre = 128 } = {}): Buffer {
  return writeTinyOnnx({
    inputs: [{ name: 'image', type: 'uint8', shape: ['N', 1, side, side] }],
    outputs: [
      { name: 'heat', type: 'float32', shape: ['N', 1, side / 8, side / 8] },
      { name: 'score', type: 'float32', shape: ['N', 1] },
    ],
    constants: { centre: floats([1], [centre]), gain: floats([1], [gain]), flat: ints([0, 1]) },
    nodes: [
      { op: 'Cast', inputs: ['image'], outputs: ['grey'], attributes: { to: 1 } },
      { op: 'Sub', inputs: ['grey', 'centre'], outputs: ['centred'] },
      { op: 'Mul', inputs: ['centred', 'gain'], outputs: ['scaled'] },
      { op: 'AveragePool', inputs: ['scaled'], outputs: ['heat'], attributes: { kernel_shape: [8, 8], strides: [8, 8] } },
      { op: 'ReduceMax', inputs: ['heat'], outputs: ['hottest'], attributes: { axes: [2, 3], keepdims: 1 } },
      { op: 'Sigmoid', inputs: ['hottest'], outputs: ['probability'] },
      { op: 'Reshape', inputs: ['probability', 'flat'], outputs: ['score'] },
    ],
  });
}

/**
 * Input "image" uint8 [N,1,side,side]; output "score" [N,1]. A batch with a picture of a mean above 200 never ends: a
 * native run that hangs, as a driver's does.
 */
export function tinyTrap({ side = 64 } = {}): Buffer {
  return writeTinyOnnx({
    inputs: [{ name: 'image', type: 'uint8', shape: ['N', 1, side, side] }],
    outputs: [{ name: 'score', type: 'float32', shape: ['N', 1] }],
    constants: { bright: floats([1], [200]), many: floats([1], [1e15]), zero: floats([1], [0]), small: floats([1], [0.001]), flat: ints([0, 1]) },
    nodes: [
      { op: 'Cast', inputs: ['image'], outputs: ['grey'], attributes: { to: 1 } },
      { op: 'ReduceMean', inputs: ['grey'], outputs: ['mean'], attributes: { axes: [2, 3], keepdims: 1 } },
      { op: 'ReduceMax', inputs: ['mean'], outputs: ['brightest'], attributes: { keepdims: 0 } },
      { op: 'Sub', inputs: ['brightest', 'bright'], outputs: ['above'] },
      { op: 'Relu', inputs: ['above'], outputs: ['over'] },
      { op: 'Mul', inputs: ['over', 'many'], outputs: ['turns'] },
      { op: 'Cast', inputs: ['turns'], outputs: ['trips'], attributes: { to: 7 } },
      {
        op: 'Loop', inputs: ['trips', '', 'zero'], outputs: ['nothing'],
        attributes: {
          body: {
            inputs: [{ name: 'turn', type: 'int64', shape: [] }, { name: 'on', type: 'bool', shape: [] }, { name: 'before', type: 'float32', shape: [1] }],
            outputs: [{ name: 'stillOn', type: 'bool', shape: [] }, { name: 'after', type: 'float32', shape: [1] }],
            nodes: [
              { op: 'Identity', inputs: ['on'], outputs: ['stillOn'] },
              { op: 'Relu', inputs: ['before'], outputs: ['after'] },
            ],
          },
        },
      },
      { op: 'Mul', inputs: ['mean', 'small'], outputs: ['part'] },
      { op: 'Add', inputs: ['part', 'nothing'], outputs: ['sum'] },
      { op: 'Reshape', inputs: ['sum', 'flat'], outputs: ['score'] },
    ],
  });
}

/**
 * Input "image" uint8 [N,1,side,side]; outputs "mask" logits [N,1,side,side] (dark is lung) and "frontal" [N,1], the
 * probability: sigmoid of (mean brightness - 10) / 4: black pictures are no chest.
 */
export function tinyLungField({ side = 128 } = {}): Buffer {
  return writeTinyOnnx({
    inputs: [{ name: 'image', type: 'uint8', shape: ['N', 1, side, side] }],
    outputs: [
      { name: 'mask', type: 'float32', shape: ['N', 1, side, side] },
      { name: 'frontal', type: 'float32', shape: ['N', 1] },
    ],
    constants: { middle: floats([1], [90]), slope: floats([1], [-0.1]), dim: floats([1], [10]), quarter: floats([1], [0.25]), flat: ints([0, 1]) },
    nodes: [
      { op: 'Cast', inputs: ['image'], outputs: ['grey'], attributes: { to: 1 } },
      { op: 'Sub', inputs: ['grey', 'middle'], outputs: ['centred'] },
      { op: 'Mul', inputs: ['centred', 'slope'], outputs: ['mask'] },
      { op: 'ReduceMean', inputs: ['grey'], outputs: ['mean'], attributes: { axes: [2, 3], keepdims: 1 } },
      { op: 'Sub', inputs: ['mean', 'dim'], outputs: ['above'] },
      { op: 'Mul', inputs: ['above', 'quarter'], outputs: ['steep'] },
      { op: 'Sigmoid', inputs: ['steep'], outputs: ['probability'] },
      { op: 'Reshape', inputs: ['probability', 'flat'], outputs: ['frontal'] },
    ],
  });
}
