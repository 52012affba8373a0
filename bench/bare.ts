/**
 * Bare `session.run` in a process of its own: the models of a site with the worker's own session options, prepared
 * tensors, the batch that is cheapest per picture. One picture goes through every model, as an image does.
 * As a program: asked over its channel {seconds} or {pictures}, answers with figures.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openModel, selfTestTensor } from '../src/inference/session.ts';
import type { OpenModel } from '../src/inference/session.ts';
import { loadModelSet } from '../src/inference/model-set.ts';
import { parseProvider } from '../src/inference/provider.ts';
import { BATCH_MAX } from '../src/inference/worker-process.ts';
import { loadConfig } from '../src/config/config.ts';
import { median } from './figures.ts';

export interface BareModel {
  readonly name: string;
  readonly bucket: number;
  /** Median. */
  readonly runMs: number;
}

export interface BareFigures {
  readonly imagesPerSecond: number;
  readonly cpuMsPerImage: number;
  readonly models: readonly BareModel[];
}

interface Wish {
  readonly seconds: number;
  /** 1: one picture at a time, as on an idle hub. */
  readonly batch: 'best' | 1;
}

export interface Bare {
  measure(wish: Wish): Promise<BareFigures>;
  close(): Promise<void>;
}

export async function startBare(modelFolders: readonly string[], intraOpThreads: number = loadConfig({}, {}).config.inferenceThreads): Promise<Bare> {
  const child = fork(fileURLToPath(import.meta.url), [String(intraOpThreads), ...modelFolders], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  await nextMessage(child);
  return {
    async measure(wish) {
      child.send(wish);
      return (await nextMessage(child)) as BareFigures;
    },
    async close() {
      child.disconnect();
      await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`bench/bare.ts ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

async function measure(models: readonly OpenModel[], { seconds, batch }: Wish): Promise<BareFigures> {
  const plans = models.map((model) => {
    const best = model.costs.reduce((a, b) => (b.runMs / b.bucket < a.runMs / a.bucket ? b : a));
    const bucket = batch === 1 && model.costs.some((cost) => cost.bucket === 1) ? 1 : best.bucket;
    return { model, bucket, values: selfTestTensor(model.manifest, 3, bucket), runMs: [] as number[] };
  });
  const cycle = batch === 1 ? 1 : Math.max(...plans.map(({ bucket }) => bucket));
  const cpu = process.cpuUsage();
  const from = performance.now();
  let images = 0;
  while (performance.now() - from < seconds * 1000) {
    for (const { model, bucket, values, runMs } of plans) {
      for (let done = 0; done < cycle; done += bucket) {
        const at = performance.now();
        await model.run(values, bucket);
        runMs.push(performance.now() - at);
      }
    }
    images += cycle;
  }
  const elapsedMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  return {
    imagesPerSecond: (images * 1000) / elapsedMs,
    cpuMsPerImage: (user + system) / 1000 / images,
    models: plans.map(({ model, bucket, runMs }) => ({ name: model.manifest.name, bucket, runMs: median(runMs) })),
  };
}

if (process.argv[1] === import.meta.filename) {
  const [threads, ...modelFolders] = process.argv.slice(2);
  const set = await loadModelSet(modelFolders);
  const folders = set.lungField === undefined ? set.findings : [set.lungField, ...set.findings];
  const models: OpenModel[] = [];
  for (const folder of folders) models.push(await openModel(folder, { provider: parseProvider('cpu'), intraOpThreads: Number(threads), batchMax: BATCH_MAX.cpu }));
  process.on('message', (wish: Wish) => void measure(models, wish).then((figures) => process.send?.(figures)));
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
}
