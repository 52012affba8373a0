/**
 * One onnxruntime session of one model, for the life of the process (creating and releasing sessions leaks): opened
 * with a provider that is verified, warmed at every batch size, held to its self-test.
 * `run` blocks its thread: the worker keeps sessions in a thread of their own (model-thread.ts).
 */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor, env } from 'onnxruntime-node';
import { FirstreadError } from '../errors.ts';
import type { ModelReference } from '../study/types.ts';
import { bucketsFor, steadyCosts } from './batcher.ts';
import type { BucketCost } from './batcher.ts';
import type { ModelManifest } from './manifest-types.ts';
import type { ModelFolder } from './model-folder.ts';
import { probeCuda } from './cuda-probe.ts';
import { cudaTrouble } from './cuda-trouble.ts';
import { compareInput, compareOutputs, fixedBatchOf } from './network-shape.ts';
import { assembleTensor } from './preprocess.ts';
import { describeProblem } from './model-manifest.ts';
import { describeProvider, profileName } from './provider.ts';
import type { Provider } from './provider.ts';
import { judgeProfile } from './provider-profile.ts';
import { selfTestImage } from './self-test-image.ts';
import { makeInputArray } from './tensors.ts';
import type { InputArray, OutputArray, Outputs } from './tensors.ts';

/** A half-precision twin is held to its manifest's self-test this much more loosely. */
const HALF_PRECISION_TOLERANCE_FACTOR = 50;
/** Warm-up runs per bucket: the first pays for allocation and algorithm search. */
const WARM_UP_RUN_COUNT = 2;
/** A larger batch must save this fraction of the time per picture to be worth its wait. */
const BATCH_GAIN_MIN = 0.05;

export interface SessionOptions {
  readonly provider: Provider;
  readonly intraOpThreads: number;
  readonly batchMax: number;
}

export interface OpenModel {
  readonly manifest: ModelManifest;
  readonly reference: ModelReference;
  readonly costs: readonly BucketCost[];
  /** `values`: bucket × one picture's tensor. */
  run(values: InputArray, bucket: number): Promise<Outputs>;
  release(): Promise<void>;
}

/** Rejects with `provider-unavailable`, `model-invalid` or `model-self-test-failed`; never falls back to the CPU. */
export async function openModel(folder: ModelFolder, options: SessionOptions): Promise<OpenModel> {
  const { manifest } = folder;
  const file = chooseFile(folder, options.provider);
  const profileFolder = options.provider.name === 'cpu' ? undefined : await mkdtemp(join(tmpdir(), 'firstread-profile-'));
  try {
    const session = await createSession(file.path, options, profileFolder, manifest.name);
    const problems = compareInput(manifest, session.inputMetadata);
    if (problems.length > 0) throw invalid(manifest, problems.map(describeProblem));
    const run = async (values: InputArray, bucket: number): Promise<Outputs> => runSession(session, manifest, values, bucket);
    const buckets = bucketsFor(options.batchMax, fixedBatchOf(session.inputMetadata));
    await verifyFirstRun(run, manifest, buckets[0] ?? 1, file.half, options.provider);
    if (profileFolder !== undefined) await verifyProvider(session, options.provider, profileFolder, manifest.name);
    return {
      manifest,
      // The half-precision twin is the same model: what a site measured and chose for one holds for the other.
      reference: { name: manifest.name, version: manifest.version, sha256: manifest.sha256 },
      costs: await warm(run, manifest, buckets, options.provider),
      run,
      release: async () => session.release(),
    };
  } finally {
    if (profileFolder !== undefined) await rm(profileFolder, { recursive: true, force: true });
  }
}

function chooseFile(folder: ModelFolder, provider: Provider): { path: string; sha256: string; half: boolean } {
  const { manifest } = folder;
  if (provider.name === 'cuda' && manifest.fp16 !== undefined) {
    return { path: join(folder.path, manifest.fp16.file), sha256: manifest.fp16.sha256, half: true };
  }
  return { path: join(folder.path, manifest.file), sha256: manifest.sha256, half: false };
}

async function createSession(path: string, options: SessionOptions, profileFolder: string | undefined, name: string): Promise<InferenceSession> {
  const { provider } = options;
  // What goes wrong is thrown; the native log would only repeat it in red on the worker's standard error.
  env.logLevel = 'fatal';
  try {
    return await InferenceSession.create(path, {
      executionProviders: provider.name === 'cpu' ? ['cpu'] : [{ name: 'cuda', deviceId: provider.deviceId }],
      intraOpNumThreads: options.intraOpThreads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      // A thread that spins while it waits for its partner eats the core that decoding, preparing and the hub need.
      // Measured on two busy cores, a 512² network: 88 ms of CPU a picture with spinning, 51 ms without.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      ...(profileFolder === undefined ? {} : { enableProfiling: true, profileFilePrefix: join(profileFolder, 'run') }),
    });
  } catch (error) {
    throw cudaProblem(error, provider, name) ?? new FirstreadError('model-invalid', `${name}: the network cannot be loaded: ${saidBy(error)}`, { model: name }, error);
  }
}

/** What onnxruntime said, as far as it is about CUDA and not about the model. */
function cudaProblem(error: unknown, provider: Provider, name: string): FirstreadError | undefined {
  const trouble = provider.name === 'cuda' && error instanceof Error ? cudaTrouble(error.message, probeCuda) : undefined;
  if (trouble === undefined) return undefined;
  const asked = describeProvider(provider);
  return new FirstreadError('provider-unavailable', `${asked} was asked for and cannot be used: ${trouble}. Nothing runs on the CPU instead: follow docs/operations.md, "On a GPU", or set the provider to "cpu"`, { provider: asked, model: name }, error);
}

const saidBy = (error: unknown): string => (error instanceof Error ? error.message.slice(0, 300) : 'unknown');

async function runSession(session: InferenceSession, manifest: ModelManifest, values: InputArray, bucket: number): Promise<Outputs> {
  const { input } = manifest;
  const dims = input.layout === 'NCHW' ? [bucket, input.channels, input.height, input.width] : [bucket, input.height, input.width, input.channels];
  const answer = await session.run({ [input.name]: new Tensor(input.dtype, values, dims) });
  const outputs: Record<string, OutputArray> = {};
  for (const [name, tensor] of Object.entries(answer)) {
    if (tensor.data instanceof Float32Array) outputs[name] = { data: tensor.data, dims: tensor.dims };
    // Only labels may be whole numbers, which most exporters write as int64.
    else if (namesLabels(manifest, name) && (tensor.data instanceof BigInt64Array || tensor.data instanceof Int32Array)) outputs[name] = { data: Float32Array.from(tensor.data, Number), dims: tensor.dims };
  }
  return outputs;
}

const namesLabels = ({ outputs }: ModelManifest, name: string): boolean => outputs.some((output) => output.kind === 'boxes' && output.labelsName === name);

/** The first run shows the true shapes, and the self-test's numbers. */
async function verifyFirstRun(run: OpenModel['run'], manifest: ModelManifest, bucket: number, half: boolean, provider: Provider): Promise<void> {
  const values = selfTestTensor(manifest, manifest.selfTest?.seed ?? 1, bucket);
  let outputs: Outputs;
  try {
    outputs = await run(values, bucket);
  } catch (error) {
    // cuDNN is opened only now, by the first convolution.
    throw cudaProblem(error, provider, manifest.name) ?? new FirstreadError('model-invalid', `${manifest.name}: the network fails on its first picture: ${saidBy(error)}`, { model: manifest.name }, error);
  }
  const problems = compareOutputs(manifest, Object.fromEntries(Object.entries(outputs).map(([name, o]) => [name, o.dims])), bucket);
  if (problems.length > 0) throw invalid(manifest, problems.map(describeProblem));
  const differs = compareSelfTest(manifest, outputs, half ? HALF_PRECISION_TOLERANCE_FACTOR : 1);
  if (differs !== undefined) throw new FirstreadError('model-self-test-failed', `${manifest.name}: ${differs}`, { model: manifest.name });
}

/** What is off, in words; undefined when all is as the manifest says. */
export function compareSelfTest(manifest: ModelManifest, outputs: Outputs, toleranceFactor = 1): string | undefined {
  const test = manifest.selfTest;
  if (test === undefined) return undefined;
  const tolerance = test.tolerance * toleranceFactor;
  for (const [name, wanted] of Object.entries(test.outputs)) {
    const found = outputs[name];
    if (found === undefined) return `self-test: the network has no float32 output "${name}"`;
    if (found.data.length < wanted.length) return `self-test: output "${name}" has ${found.data.length} numbers, the manifest lists ${wanted.length}`;
    for (const [i, value] of wanted.entries()) {
      const got = found.data[i] ?? Number.NaN;
      // Not-a-number must fail, hence the negation.
      if (!(Math.abs(got - value) <= tolerance)) return `self-test: output "${name}"[${i}] is ${got}, the manifest says ${value} ± ${tolerance}`;
    }
  }
  return undefined;
}

/** The deterministic picture, `bucket` times over. */
export function selfTestTensor(manifest: ModelManifest, seed: number, bucket: number): InputArray {
  const { input } = manifest;
  const one = assembleTensor(Float32Array.from(selfTestImage(seed, input.width, input.height)), input);
  const values = makeInputArray(input.dtype, one.length * bucket);
  for (let i = 0; i < bucket; i += 1) values.set(one, i * one.length);
  return values;
}

/**
 * Runs every bucket and times it. On a CPU larger batches are tried only as long as they pay: a small network keeps two
 * cores busy with one picture (measured here: nothing gained beyond one), and a worker should be back soon.
 */
async function warm(run: OpenModel['run'], manifest: ModelManifest, buckets: readonly number[], provider: Provider): Promise<readonly BucketCost[]> {
  const costs: BucketCost[] = [];
  for (const bucket of buckets) {
    const values = selfTestTensor(manifest, 2, bucket);
    let runMs = Infinity;
    for (let i = 0; i < WARM_UP_RUN_COUNT; i += 1) {
      const from = performance.now();
      await run(values, bucket);
      runMs = Math.min(runMs, performance.now() - from);
    }
    const before = costs.at(-1);
    costs.push({ bucket, runMs });
    if (provider.name === 'cpu' && before !== undefined && runMs / bucket > (1 - BATCH_GAIN_MIN) * (before.runMs / before.bucket)) break;
  }
  return provider.name === 'cpu' ? steadyCosts(costs) : costs;
}

/** onnxruntime's own profile of the first run says where each node ran. */
async function verifyProvider(session: InferenceSession, provider: Provider, folder: string, name: string): Promise<void> {
  session.endProfiling();
  const [file] = await readdir(folder);
  const profile = file === undefined ? undefined : await readFile(join(folder, file), 'utf8');
  const verdict = profile === undefined ? 'onnxruntime wrote no profile' : judgeProfile(profile, profileName(provider));
  if (verdict !== undefined) {
    throw new FirstreadError('provider-unavailable', `${name} does not run on ${describeProvider(provider)}: ${verdict}`, { provider: describeProvider(provider), model: name });
  }
}

function invalid(manifest: ModelManifest, problems: readonly string[]): FirstreadError {
  return new FirstreadError('model-invalid', `${manifest.name}: ${problems.join(' · ')}`, { model: manifest.name });
}
