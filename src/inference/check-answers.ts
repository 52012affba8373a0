/**
 * Does a network that loads and has the right shapes also make sense? It answers a few quite different pictures, and what a
 * newcomer's manifest most often gets wrong shows in the numbers: an activation left out or applied twice, a mean for
 * another range, an answer that is no number. The rows of a detector are check-boxes.ts. PURE.
 */
import type { BoxesOutput } from './box-rows.ts';
import { judgeRows, rowScores } from './check-boxes.ts';
import type { ManifestProblem } from './manifest-fields.ts';
import type { ManifestOutput, ModelManifest } from './manifest-types.ts';
import { PROBABILITY_TOLERANCE } from './postprocess-scores.ts';
import type { Outputs } from './tensors.ts';

export interface AnswerRemarks {
  /** The model cannot be served so. */
  readonly problems: readonly ManifestProblem[];
  /** It can, and is probably not meant so. */
  readonly remarks: readonly ManifestProblem[];
}

/** `answers`: of several pictures that have nothing in common. */
export function judgeAnswers(manifest: ModelManifest, answers: readonly Outputs[]): AnswerRemarks {
  const broken = manifest.outputs.flatMap((output, i) => (valuesOf(output, answers).some((value) => !Number.isFinite(value)) ? [`outputs[${i}]`] : []));
  if (broken.length > 0) {
    const problem = `came out as "not a number" for at least one of ${answers.length} test pictures`;
    return { problems: broken.map((key) => ({ key, problem, remedy: 'an image would end as "could not be analysed": look for a division by zero, a missing weight or a half-precision overflow in the export' })), remarks: [] };
  }
  const judged = manifest.outputs.flatMap((output, i) => {
    const at = `outputs[${i}]`;
    return [judgeOutput(output, at, valuesOf(output, answers)), ...(isRows(output) ? [judgeRows(output, at, manifest.input, answers)] : [])];
  });
  return {
    problems: judged.flatMap(({ problems }) => problems),
    remarks: [...judged.flatMap(({ remarks }) => remarks), ...judgeSoftmax(manifest, answers), ...judgeNormalisation(manifest), ...judgeVariety(manifest, answers)],
  };
}

/** Of the labels that are used; of a box detector the scores are all that must be probabilities. */
function valuesOf(output: ManifestOutput, answers: readonly Outputs[]): number[] {
  if (isRows(output)) return rowScores(output, answers);
  return answers.flatMap((answer) => {
    const data = answer[output.name]?.data ?? new Float32Array();
    return output.kind === 'scores' ? output.labels.map(({ index }) => data[index] ?? Number.NaN) : [...data];
  });
}

const isRows = (output: ManifestOutput): output is BoxesOutput => output.kind === 'boxes' && output.format !== 'center-heatmap';

const NOTHING: AnswerRemarks = { problems: [], remarks: [] };
const round = (value: number): string => String(Number(value.toPrecision(4)));

function judgeOutput(output: ManifestOutput, at: string, values: readonly number[]): AnswerRemarks {
  if (values.length === 0) return NOTHING;
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const key = `${at}.activation`;
  const said = `values from ${round(low)} to ${round(high)}`;
  if (output.activation === 'none' && (low < -PROBABILITY_TOLERANCE || high > 1 + PROBABILITY_TOLERANCE)) {
    return { ...NOTHING, problems: [{ key, problem: `is "none", but the network gives ${said}: those are no probabilities`, remedy: `write "sigmoid"${output.kind === 'scores' ? ', or "softmax" where the labels exclude each other' : ''}` }] };
  }
  if (output.activation === 'sigmoid' && low >= 0 && high <= 1 && high > low) {
    return { ...NOTHING, remarks: [{ key, problem: `is "sigmoid", but the network gives ${said}: probabilities already? A second sigmoid leaves 50 to 73 points`, remedy: 'if the graph ends in a sigmoid, write "none"' }] };
  }
  return NOTHING;
}

/** All labels of a picture add up to one before our softmax: the graph has one of its own. */
function judgeSoftmax({ outputs }: ModelManifest, answers: readonly Outputs[]): readonly ManifestProblem[] {
  return outputs.flatMap((output, i) => {
    if (output.kind !== 'scores' || output.activation !== 'softmax') return [];
    const twice = answers.every((answer) => {
      const found = answer[output.name];
      const labels: readonly number[] = found === undefined ? [] : [...found.data.subarray(0, found.dims[1] ?? 1)];
      return labels.every((value) => value >= 0) && Math.abs(labels.reduce((a, b) => a + b, 0) - 1) < 1e-3;
    });
    return twice ? [{ key: `outputs[${i}].activation`, problem: 'is "softmax", but the network gives probabilities that add up to 1 already: a second softmax draws them together', remedy: 'if the graph ends in a softmax, write "none"' }] : [];
  });
}

function judgeNormalisation({ input }: ModelManifest): readonly ManifestProblem[] {
  if (input.mean === undefined) return [];
  const [low, high] = [Math.min(...input.range), Math.max(...input.range)];
  const outside = input.mean.some((mean) => mean < low || mean > high);
  const tiny = high - low > 50 && input.mean.every((mean) => Math.abs(mean) < 2);
  if (!outside && !tiny) return [];
  return [{ key: 'input.mean', problem: `is [${input.mean.join(', ')}] for values from ${low} to ${high}`, remedy: outside ? 'mean and std are those of the values in "range": 0.485 belongs to [0, 1], 123.7 to [0, 255]' : 'a mean near 0.5 belongs to the range [0, 1]' }];
}

/** The same to all pictures: the input does not reach the output, or far outside what the network was trained on. */
function judgeVariety(manifest: ModelManifest, answers: readonly Outputs[]): readonly ManifestProblem[] {
  return manifest.outputs.flatMap((output, i) => {
    if (output.kind !== 'scores') return [];
    const first = valuesOf(output, answers.slice(0, 1));
    const same = answers.every((answer) => valuesOf(output, [answer]).every((value, k) => Math.abs(value - (first[k] ?? 0)) < 1e-6));
    return same ? [{ key: `outputs[${i}]`, problem: `is the same for ${answers.length} quite different pictures (${first.map(round).join(', ')})`, remedy: 'is the right output named, and does "range" fit what the network was trained on?' }] : [];
  });
}
