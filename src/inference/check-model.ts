/**
 * What is wrong with a model's folder: everything at once, in words that say what to do. And, where nothing is, what the
 * model costs and the self-test that its manifest might hold. `firstread models check`.
 */
import { FirstreadError } from '../errors.ts';
import type { BucketCost } from './batcher.ts';
import type { ManifestProblem } from './manifest-fields.ts';
import type { ModelManifest } from './manifest-types.ts';
import { readModelFolder } from './model-folder.ts';
import { openModel, selfTestTensor } from './session.ts';
import type { SessionOptions } from './session.ts';
import type { Outputs } from './tensors.ts';

/** First numbers of every output that a suggested self-test holds. */
const SELF_TEST_LENGTH = 8;
const SELF_TEST_SEED = 1;
/** Processors differ in the last bits: relative to the size of what comes out. */
const SELF_TEST_RELATIVE_TOLERANCE = 1e-3;

export interface ModelCheck {
  readonly problems: readonly ManifestProblem[];
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
      if (manifest.selfTest !== undefined) return { problems: [], manifest, costs: model.costs };
      const bucket = model.costs[0]?.bucket ?? 1;
      const outputs = await model.run(selfTestTensor(manifest, SELF_TEST_SEED, bucket), bucket);
      return { problems: [], manifest, costs: model.costs, suggestedSelfTest: suggestSelfTest(outputs) };
    } finally {
      await model.release();
    }
  } catch (error) {
    if (!(error instanceof FirstreadError) || error.code === 'provider-unavailable') throw error;
    return { manifest, problems: [{ key: manifest.file, problem: error.message, remedy: remedyOf(error) }] };
  }
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
