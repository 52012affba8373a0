/**
 * One decoded image, from header and pixels to an outcome: is it for us at all → where are the lungs → what each model
 * says. The same for the worker, the command line and the tests. Batching across images happens behind `runner`.
 * Leaves out: fetching and decoding (worker.ts), what the findings mean for the study (study/).
 */
import { FirstreadError } from '../errors.ts';
import { judgeHeader, judgePixels, ageReason } from '../study/eligibility.ts';
import type { EligibilitySettings } from '../study/eligibility.ts';
import { reasonOf } from '../study/reasons.ts';
import type { JudgingThreshold } from '../study/site-threshold.ts';
import type { AnalysisOutcome, Finding, InstanceHeader, ModelReference, NotAssessed, ShadowFailure } from '../study/types.ts';
import type { BatchRunner } from './batch-runner.ts';
import { composeFindings } from './findings.ts';
import type { Prediction } from './findings.ts';
import { cropRegion, judgeFrontal, lungRegion } from './lung-field.ts';
import type { LungField } from './lung-field.ts';
import { familiesOf } from './manifest-outputs.ts';
import type { ManifestInput, ModelManifest } from './manifest-types.ts';
import type { Picture } from './picture-work.ts';
import { sigmoid } from './postprocess-scores.ts';
import { wholeFrame } from './preprocess.ts';
import type { Placement, PreparedInput } from './preprocess.ts';

export interface AnalysisSettings {
  readonly eligibility: EligibilitySettings;
}

export interface ImageToAnalyse {
  readonly picture: Picture;
  readonly header: InstanceHeader;
  readonly decodePath: string;
  /** The site's own thresholds for this patient. */
  readonly thresholds?: readonly JudgingThreshold[];
}

/** What was spent before the models saw the picture. */
export interface EarlierTimings {
  readonly fetchMs: number;
  readonly decodeMs: number;
}

export interface Lungs {
  readonly field: LungField | undefined;
  readonly verdict: 'frontal' | 'unsure' | 'other';
}

interface Clock {
  preprocessMs: number;
  inferenceMs: number;
}

/** `whileModelsRun` is called once all models have been asked: time for work that must not delay them. */
export async function analyseImage(image: ImageToAnalyse, runner: BatchRunner, settings: AnalysisSettings, earlier: EarlierTimings = { fetchMs: 0, decodeMs: 0 }, whileModelsRun: () => void = () => undefined): Promise<AnalysisOutcome> {
  const from = performance.now();
  const clock: Clock = { preprocessMs: 0, inferenceMs: 0 };
  const { picture, header } = image;
  const size = { rows: picture.size.height, columns: picture.size.width };
  const models = modelReferences(runner);
  const timings = () => roundTimings({ ...earlier, ...clock, totalMs: earlier.fetchMs + earlier.decodeMs + performance.now() - from });

  const byHeader = judgeHeader(header, settings.eligibility);
  if (byHeader.verdict !== 'analyse') return { kind: byHeader.verdict, reason: byHeader.reason ?? reasonOf('not-an-image'), models, image: size, timings: timings() };
  const blank = await picture.isBlank();
  const lungs = blank ? { field: undefined, verdict: 'other' as const } : await findLungs(picture, runner, clock);
  const byPixels = judgePixels(header, { frontalVerdict: lungs.verdict, width: size.columns, height: size.rows, blank }, settings.eligibility);
  if (byPixels.verdict !== 'analyse') return { kind: byPixels.verdict, reason: byPixels.reason, models, image: size, timings: timings() };

  const asked = await askModels(image, runner, lungs.field, clock, whileModelsRun);
  return {
    kind: 'scored',
    ...asked,
    remarks: [...byHeader.remarks, ...byPixels.remarks],
    models,
    image: size,
    decodePath: image.decodePath,
    timings: timings(),
  };
}

export const modelReferences = (runner: BatchRunner): readonly ModelReference[] => runner.models.map((m) => m.reference);

/** Without a lung-field model nobody has looked whether this is a chest: unsure, and nothing is cropped. */
export async function findLungs(picture: Picture, runner: BatchRunner, clock: Clock): Promise<Lungs> {
  const index = runner.models.findIndex((m) => m.manifest.task === 'lung-field');
  const model = runner.models[index];
  if (model === undefined) return { field: undefined, verdict: 'unsure' };
  const from = performance.now();
  const { tensor, placement } = await picture.prepare(model.manifest.input, wholeFrame(picture.size));
  const prepared = performance.now();
  const prediction = await runner.predict(index, tensor);
  clock.preprocessMs += prepared - from;
  clock.inferenceMs += performance.now() - prepared;
  return readLungs(model.manifest, prediction, placement);
}

/** Pure: the lung-field network's outputs for one picture. What is no number is a failure, and no verdict "this is no chest". */
export function readLungs(manifest: ModelManifest, { outputs, at }: Prediction, placement: Placement): Lungs {
  let field: LungField | undefined;
  let frontal: { probability: number; threshold: number } | undefined;
  for (const output of manifest.outputs) {
    const found = outputs[output.name];
    if (found === undefined) continue;
    const activated = (values: Float32Array): Float32Array => ('activation' in output && output.activation === 'sigmoid' ? values.map(sigmoid) : values);
    const activate = (values: Float32Array): Float32Array => {
      if (values.some((value) => Number.isNaN(value))) throw new FirstreadError('model-output-invalid', `${manifest.name} gave a "${output.name}" that is no number`, { model: manifest.name });
      return activated(values);
    };
    if (output.kind === 'lung-mask') {
      const [, planes = 1, rows = 1, columns = 1] = found.dims;
      const cells = rows * columns;
      const own = activate(found.data.subarray(at * planes * cells, (at + 1) * planes * cells));
      const scale = { ...placement, scaleX: (placement.scaleX * manifest.input.width) / columns, scaleY: (placement.scaleY * manifest.input.height) / rows };
      field = lungRegion(unitePlanes(own, planes, cells), columns, rows, scale);
    } else if (output.kind === 'frontal') {
      frontal = { probability: activate(found.data.subarray(at, at + 1))[0] ?? Number.NaN, threshold: output.threshold };
    }
  }
  if (field === undefined || frontal === undefined) return { field, verdict: 'unsure' };
  return { field, verdict: judgeFrontal(frontal.probability, frontal.threshold, field).frontal ? 'frontal' : 'other' };
}

/** Right and left lung in planes of their own become one mask. */
function unitePlanes(values: Float32Array, planes: number, cells: number): Float32Array {
  if (planes === 1) return values;
  return values.slice(0, cells).map((first, i) => Math.max(first, values[cells + i] ?? 0));
}

interface Answers {
  readonly findings: readonly Finding[];
  readonly notAssessed: readonly NotAssessed[];
  readonly shadowFailures?: readonly ShadowFailure[];
}

interface Answer {
  readonly findings: readonly Finding[];
  readonly shadowFailure?: ShadowFailure;
}

/** One tensor for all models that ask for the same one, as ours do: each takes tens of milliseconds of a film of 8 megapixels. */
function tensorsOf(picture: Picture, lungField: LungField | undefined, clock: Clock): (input: ManifestInput) => Promise<PreparedInput> {
  const made = new Map<string, Promise<PreparedInput>>();
  return (input) => {
    // What the network calls it is nothing to the pixels.
    const asked = JSON.stringify({ ...input, name: undefined });
    const known = made.get(asked);
    if (known !== undefined) return known;
    const from = performance.now();
    const tensor = picture.prepare(input, cropRegion(lungField, picture.size, input)).finally(() => (clock.preprocessMs += performance.now() - from));
    made.set(asked, tensor);
    return tensor;
  };
}

async function askModels({ picture, header, thresholds }: ImageToAnalyse, runner: BatchRunner, lungField: LungField | undefined, clock: Clock, whileModelsRun: () => void): Promise<Answers> {
  const tensorFor = tensorsOf(picture, lungField, clock);
  const notAssessed: NotAssessed[] = [];
  const asked: Promise<Answer>[] = [];
  let slowestMs = 0;
  for (const [index, { manifest, reference }] of runner.models.entries()) {
    if (manifest.task === 'lung-field') continue;
    const reason = ageReason(manifest.ageYears, header.patientAgeYears);
    if (reason !== undefined) {
      // A model in shadow is nobody's business.
      if (manifest.shadow !== true) notAssessed.push(...familiesOf(manifest.outputs).map((family) => ({ family, reason })));
      continue;
    }
    asked.push(
      sparingShadow(manifest, reference, async () => {
        const { tensor, placement } = await tensorFor(manifest.input);
        const prepared = performance.now();
        const prediction = await runner.predict(index, tensor);
        // The models run side by side: what counts is when the last one is done.
        slowestMs = Math.max(slowestMs, performance.now() - prepared);
        return composeFindings({ manifest, reference, prediction, placement, picture: picture.size, lungField, ...(thresholds === undefined ? {} : { thresholds }) });
      }),
    );
  }
  // Their tensors are asked for by now: what follows on the picture's thread delays no model.
  whileModelsRun();
  // All are awaited before anything is thrown: the pixels must not be closed under a model still preparing.
  const answers = await Promise.allSettled(asked);
  clock.inferenceMs += slowestMs;
  const good = answers.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  });
  const shadowFailures = good.flatMap((answer) => answer.shadowFailure ?? []);
  return { findings: good.flatMap((answer) => answer.findings), notAssessed, ...(shadowFailures.length === 0 ? {} : { shadowFailures }) };
}

/** A model in shadow that fails must not cost the picture its answer: that is recorded, and shown to nobody who reads. */
async function sparingShadow({ shadow }: ModelManifest, model: ModelReference, ask: () => Promise<readonly Finding[]>): Promise<Answer> {
  try {
    return { findings: await ask() };
  } catch (error) {
    if (shadow !== true || !(error instanceof FirstreadError)) throw error;
    return { findings: [], shadowFailure: { model, code: error.code } };
  }
}

const roundTimings = <T extends object>(timings: T): T => Object.fromEntries(Object.entries(timings).map(([key, ms]) => [key, Math.round((ms as number) * 10) / 10])) as T;
