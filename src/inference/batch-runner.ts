/**
 * Gathers pictures from many studies into batches for the engine. When the engine is free it takes what is waiting for
 * one model: the one whose batch would be fullest, so that no run is spent on a few pictures while many wait; but no
 * picture is passed over more than a few times. Never waits on purpose.
 */
import assert from 'node:assert';
import { planBatch } from './batcher.ts';
import type { Prediction } from './findings.ts';
import type { EngineModel, ModelEngine } from './model-engine.ts';
import { makeInputArray } from './tensors.ts';
import type { InputArray } from './tensors.ts';

/** A model passed over so many times in a row goes next, however few wait for it. */
const PASSED_OVER_MAX = 3;

export interface BatchStatistics {
  readonly runs: number;
  readonly pictures: number;
  /** Pictures and padding: how full batches were is pictures / places. */
  readonly places: number;
  readonly runMs: number;
}

export interface BatchRunner {
  readonly models: readonly EngineModel[];
  predict(model: number, tensor: InputArray): Promise<Prediction>;
  /** By model. */
  statistics(): readonly BatchStatistics[];
}

interface Waiting {
  readonly tensor: InputArray;
  readonly resolve: (prediction: Prediction) => void;
  readonly reject: (error: unknown) => void;
}

interface Line {
  readonly model: EngineModel;
  readonly waiting: Waiting[];
  readonly largestBucket: number;
  passedOver: number;
  buffer: InputArray | undefined;
  statistics: { runs: number; pictures: number; places: number; runMs: number };
}

/** `sharedBuffers`: batches lie in shared memory, so that another thread reads them without a copy. */
export function createBatchRunner(engine: ModelEngine, { sharedBuffers = false } = {}): BatchRunner {
  const lines: readonly Line[] = engine.models.map((model) => ({
    model,
    waiting: [],
    largestBucket: Math.max(...model.costs.map((c) => c.bucket)),
    passedOver: 0,
    buffer: undefined,
    statistics: { runs: 0, pictures: 0, places: 0, runMs: 0 },
  }));
  let busy = false;

  async function runOne(index: number, line: Line): Promise<void> {
    const { take, bucket } = planBatch(line.waiting.length, line.model.costs);
    const batch = line.waiting.splice(0, take);
    const from = performance.now();
    try {
      const outputs = await engine.run(index, assemble(line, batch, bucket, sharedBuffers), bucket);
      batch.forEach((one, at) => one.resolve({ outputs, at }));
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
    line.statistics.runs += 1;
    line.statistics.pictures += take;
    line.statistics.places += bucket;
    line.statistics.runMs += performance.now() - from;
  }

  async function drain(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      for (let index = chooseLine(lines); index !== undefined; index = chooseLine(lines)) {
        const line = lines[index];
        assert(line !== undefined);
        await runOne(index, line);
      }
    } finally {
      busy = false;
    }
  }

  return {
    models: engine.models,
    predict: (model, tensor) =>
      new Promise<Prediction>((resolve, reject) => {
        const line = lines[model];
        assert(line !== undefined, 'no such model');
        assert(tensor.length === pictureLength(line.model), 'a tensor of another size than the manifest says');
        line.waiting.push({ tensor, resolve, reject });
        // Later in this turn of the event loop, so that pictures that are ready at the same moment share a batch.
        setImmediate(() => void drain());
      }),
    statistics: () => lines.map((line) => ({ ...line.statistics })),
  };
}

/** The line to serve next; counts the others as passed over. */
function chooseLine(lines: readonly Line[]): number | undefined {
  let chosen: number | undefined;
  let best = -1;
  for (const [index, line] of lines.entries()) {
    if (line.waiting.length === 0) continue;
    const fullness = line.passedOver >= PASSED_OVER_MAX ? 2 : Math.min(1, line.waiting.length / line.largestBucket);
    if (fullness > best) [chosen, best] = [index, fullness];
  }
  for (const [index, line] of lines.entries()) line.passedOver = index === chosen || line.waiting.length === 0 ? 0 : line.passedOver + 1;
  return chosen;
}

function pictureLength({ manifest: { input } }: EngineModel): number {
  return input.channels * input.height * input.width;
}

/** One buffer per model, as only one batch runs at a time. What pads a batch is the pictures of an earlier one: nobody reads its answer. */
function assemble(line: Line, batch: readonly Waiting[], bucket: number, shared: boolean): InputArray {
  const length = pictureLength(line.model);
  line.buffer ??= makeInputArray(line.model.manifest.input.dtype, length * line.largestBucket, shared);
  batch.forEach((one, i) => line.buffer?.set(one.tensor, i * length));
  return line.buffer.subarray(0, bucket * length);
}
