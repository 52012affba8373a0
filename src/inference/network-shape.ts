/**
 * Compares what a manifest says with what the network has: input name, type and shape from the session's metadata,
 * output shapes from a true run. PURE: returns what is wrong, in words that say what to write instead.
 */
import type { ManifestProblem } from './manifest-fields.ts';
import type { ManifestOutput, ModelManifest } from './manifest-types.ts';

/** What of onnxruntime's metadata is needed. */
export interface ValueMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** The batch size that the network was exported with; undefined when the axis is free. */
export function fixedBatchOf(inputs: readonly ValueMetadata[]): number | undefined {
  const first = inputs[0]?.shape?.[0];
  return typeof first === 'number' && first > 0 ? first : undefined;
}

export function compareInput(manifest: ModelManifest, inputs: readonly ValueMetadata[]): readonly ManifestProblem[] {
  const { input } = manifest;
  const [found] = inputs;
  if (found === undefined || inputs.length !== 1) {
    return [{ key: 'input', problem: `the network has ${inputs.length} inputs (${inputs.map((i) => i.name).join(', ')})`, remedy: 'export it with one input, the picture' }];
  }
  const problems: ManifestProblem[] = [];
  if (found.name !== input.name) problems.push({ key: 'input.name', problem: `is "${input.name}", the network's input is called "${found.name}"`, remedy: `write "${found.name}"` });
  if (found.type === 'float16') {
    problems.push({ key: 'input.dtype', problem: 'the network takes float16', remedy: 'export it with a float32, uint8 or uint16 input and cast inside the graph' });
  } else if (found.type !== input.dtype) {
    problems.push({ key: 'input.dtype', problem: `is "${input.dtype}", the network takes ${found.type ?? 'no tensor'}`, remedy: ['uint8', 'uint16', 'float32'].includes(found.type ?? '') ? `write "${found.type}"` : 'export it with a float32, uint8 or uint16 input' });
  }
  const wanted = input.layout === 'NCHW' ? [undefined, input.channels, input.height, input.width] : [undefined, input.height, input.width, input.channels];
  const shape = found.shape ?? [];
  const fits = shape.length === 4 && wanted.every((size, i) => size === undefined || typeof shape[i] !== 'number' || shape[i] === size);
  if (!fits) {
    problems.push({ key: 'input', problem: `${input.layout} says [N, ${wanted.slice(1).join(', ')}], the network takes [${shape.join(', ')}]`, remedy: 'let layout, channels, height and width agree with the network' });
  }
  return problems;
}

type Dims = Readonly<Record<string, readonly number[]>>;

/** `dims`: shapes of the float32 outputs of a run with `batch` pictures. */
export function compareOutputs(manifest: ModelManifest, dims: Dims, batch: number): readonly ManifestProblem[] {
  return manifest.outputs.flatMap((output, i) => compareOutput(output, `outputs[${i}]`, dims, batch));
}

function compareOutput(output: ManifestOutput, at: string, dims: Dims, batch: number): ManifestProblem[] {
  const problems: ManifestProblem[] = [];
  const look = (key: string, name: string, fits: (shape: readonly number[]) => boolean, wanted: string): void => {
    const shape = dims[name];
    if (shape === undefined) {
      problems.push({ key: `${at}.${key}`, problem: `the network has no float32 output "${name}"`, remedy: `its float32 outputs are ${Object.keys(dims).map((n) => `"${n}"`).join(', ') || 'none'}` });
    } else if (shape[0] !== batch) {
      problems.push({ key: `${at}.${key}`, problem: `"${name}" came out as [${shape.join(', ')}] for ${batch} pictures`, remedy: 'the first axis of an output must be the batch' });
    } else if (!fits(shape)) {
      problems.push({ key: `${at}.${key}`, problem: `"${name}" came out as [${shape.join(', ')}]`, remedy: `${output.kind} needs ${wanted}` });
    }
  };
  const plane = (channels: (count: number) => boolean) => (s: readonly number[]): boolean => s.length === 4 && channels(s[1] ?? 0);
  switch (output.kind) {
    case 'scores': {
      const most = Math.max(...output.labels.map((l) => l.index));
      const least = output.activation === 'softmax' ? Math.max(2, most + 1) : most + 1;
      // [N] is one label; what follows the labels may only be ones, as a pooling leaves them.
      look('name', output.name, (s) => (s[1] ?? 1) >= least && s.slice(2).every((size) => size === 1), output.activation === 'softmax' && most === 0 ? '[N, L] with at least two labels for a softmax: over one it is always 100. Is it "sigmoid"?' : `[N, L] with L at least ${least}, the highest label index and one`);
      break;
    }
    case 'heatmap':
      look('name', output.name, plane((c) => c > (output.index ?? 0)), `[N, C, h, w] with C at least ${(output.index ?? 0) + 1}`);
      break;
    case 'lung-mask':
      look('name', output.name, plane((c) => c === 1 || c === 2), '[N, 1, h, w], or [N, 2, h, w] with one plane for each lung');
      break;
    case 'frontal':
      look('name', output.name, (s) => s.slice(1).reduce((a, b) => a * b, 1) === 1, '[N, 1]');
      break;
    case 'boxes':
      compareBoxes(output, look, plane);
  }
  return problems;
}

type Look = (key: string, name: string, fits: (shape: readonly number[]) => boolean, wanted: string) => void;

type BoxesOutput = Extract<ManifestOutput, { kind: 'boxes' }>;

function compareBoxes(output: BoxesOutput, look: Look, plane: (channels: (count: number) => boolean) => (s: readonly number[]) => boolean): void {
  const index = output.index ?? 0;
  if (output.format === 'yolo') {
    compareYolo(output, look);
  } else if (output.format === 'xyxy-score') {
    look('name', output.name, (s) => s.length === 3 && s[2] === 4, 'boxes [N, A, 4]: the four numbers of "boxOrder"');
    if (output.labelsName === undefined) {
      look('scoresName', output.scoresName ?? '', (s) => (s.length === 2 && index === 0) || (s.length === 3 && (s[2] ?? 0) > index), `scores [N, A, L] with L at least ${index + 1}${index === 0 ? ', or [N, A]' : '; with [N, A] the label of each box is an output of its own: "labelsName"'}`);
    } else {
      look('scoresName', output.scoresName ?? '', isList, 'scores [N, A], one for each box, as "labelsName" says which label it is for');
      look('labelsName', output.labelsName, isList, 'labels [N, A], one for each box');
    }
  } else if (output.format === 'xyxy-score-label') {
    look('name', output.name, (s) => s.length === 3 && (s[2] === 6 || (s[2] === 5 && index === 0)), `[N, K, 6]: four numbers, score, label${index === 0 ? '; or [N, K, 5] without label' : `, of which ${index} is used`}`);
  } else {
    look('name', output.name, plane((c) => c > index), '[N, 1, h, w]');
    look('sizeName', output.sizeName ?? '', plane((c) => c === 2), '[N, 2, h, w]: width and height in input pixels');
    if (output.offsetName !== undefined) look('offsetName', output.offsetName, plane((c) => c === 2), '[N, 2, h, w]: dx and dy in cells');
  }
}

/** One number for each box. */
const isList = (shape: readonly number[]): boolean => shape.length === 2 || (shape.length === 3 && shape[2] === 1);

/** There are always more boxes than numbers to a box: whichever axis is the shorter holds the numbers. */
function compareYolo(output: BoxesOutput, look: Look): void {
  const least = (output.objectness === true ? 6 : 5) + (output.index ?? 0);
  const numbers = output.objectness === true ? '5 + L' : '4 + L';
  const boxesFirst = output.layout === 'boxes-first';
  const [wanted, other] = boxesFirst ? [`[N, A, ${numbers}]`, `[N, ${numbers}, A] is "layout": "boxes-last"`] : [`[N, ${numbers}, A]`, `[N, A, ${numbers}] is "layout": "boxes-first"`];
  const fits = (shape: readonly number[]): boolean => {
    const [count = 0, size = 0] = boxesFirst ? shape.slice(1) : shape.slice(1).reverse();
    return shape.length === 3 && size >= least && size <= count;
  };
  look('name', output.name, fits, `${wanted} with A boxes of at least ${least} numbers (the other way round? ${other})`);
}
