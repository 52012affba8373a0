/**
 * What is wrong with a model's folder: everything at once, in words that say what to do. And, where nothing is, what the
 * model costs and the self-test that its manifest might hold. `firstread models check`.
 */
import { FirstreadError } from '../errors.ts';
import type { BucketCost } from './batcher.ts';
import { judgeAnswers } from './check-answers.ts';
import type { ManifestProblem } from './manifest-fields.ts';
import type { ModelManifest } from './manifest-types.ts';
import { readModelFolder } from './model-folder.ts';
import { assembleTensor } from './preprocess.ts';
import { openModel, selfTestTensor } from './session.ts';
import type { SessionOptions } from './session.ts';
import { makeInputArray } from './tensors.ts';
import type { InputArray, Outputs } from './tensors.ts';

/** First numbers of every output that a suggested self-test holds. */
const SELF_TEST_LENGTH = 8;
const SELF_TEST_SEED = 1;
/** Processors differ in the last bits: relative to the size of what comes out. */
const SELF_TEST_RELATIVE_TOLERANCE = 1e-3;

export interface ModelCheck {
  readonly problems: readonly ManifestProblem[];
  /** It may be served so, and is probably not meant so. */
  readonly remarks?: readonly ManifestProblem[];
  readonly manifest?: ModelManifest;
  readonly costs?: readonly BucketCost[];
  /** For a manifest without one. */
  readonly suggestedSelfTest?: NonNullable<ModelManifest['selfTest']>;
}

export async function checkModelFolder(path: string, options: SessionOptions): Promise<ModelCheck> {
  const reading = await readModelFolder(path);
  if (reading.kind === 'bad') return { problems: reading.problems };
  const { manifest } = reading.folder;
  try {
    const model = await openModel(reading.folder, options);
    try {
      const bucket = model.costs[0]?.bucket ?? 1;
      const answers: Outputs[] = [];
      for (const tensor of probeTensors(manifest, bucket)) answers.push(await model.run(tensor, bucket));
      const { problems, remarks } = judgeAnswers(manifest, answers);
      if (problems.length > 0) return { problems, manifest };
      const [first] = answers;
      return { problems, remarks, manifest, costs: model.costs, ...(manifest.selfTest !== undefined || first === undefined ? {} : { suggestedSelfTest: suggestSelfTest(first) }) };
    } finally {
      await model.release();
    }
  } catch (error) {
    if (!(error instanceof FirstreadError) || error.code === 'provider-unavailable') throw error;
    return { manifest, problems: [{ key: manifest.file, problem: error.message, remedy: remedyOf(error) }] };
  }
}

/** The self-test's picture first, then others with nothing in common: noise, all black, all white. */
function probeTensors(manifest: ModelManifest, bucket: number): readonly InputArray[] {
  const { width, height } = manifest.input;
  const flat = (grey: number): InputArray => repeat(assembleTensor(new Float32Array(width * height).fill(grey), manifest.input), manifest, bucket);
  return [selfTestTensor(manifest, SELF_TEST_SEED, bucket), selfTestTensor(manifest, SELF_TEST_SEED + 7, bucket), flat(0), flat(255)];
}

function repeat(one: InputArray, { input }: ModelManifest, bucket: number): InputArray {
  const values = makeInputArray(input.dtype, one.length * bucket);
  for (let i = 0; i < bucket; i += 1) values.set(one, i * one.length);
  return values;
}

function suggestSelfTest(outputs: Outputs): NonNullable<ModelManifest['selfTest']> {
  const entries = Object.entries(outputs).map(([name, { data }]) => [name, [...data.slice(0, SELF_TEST_LENGTH)].map((v) => Number(v.toPrecision(6)))] as const);
  const largest = Math.max(1e-3, ...entries.flatMap(([, values]) => values.map(Math.abs)));
  return { seed: SELF_TEST_SEED, outputs: Object.fromEntries(entries), tolerance: Number((largest * SELF_TEST_RELATIVE_TOLERANCE).toPrecision(2)) };
}

function remedyOf(error: FirstreadError): string {
  if (error.code === 'model-self-test-failed') return 'this is not the network that the manifest was written for: get the right file, or leave "selfTest" out to be told a new one';
  return 'see docs/models.md for what a network must look like';
}
