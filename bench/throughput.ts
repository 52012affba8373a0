/**
 * bench:throughput: images per second from first byte to flag, against bare `session.run` of the same models with the same
 * threads and session options on the same cores, in one run, taking turns.
 * `npm run bench:throughput -- [--quick] [--json FILE] [--models DIR] [--rounds N] [--seconds N] [--threads N]`
 *
 * Inputs are raw 12-bit films of 512–1024 pixels, held in this process's memory, sent over several associations with a
 * bounded number in hand. The worker is the hub's own program, started from here (the hub runs with --workers 0), so that
 * its batch statistics can be read. The load generator shares the cores: its CPU time is printed beside hub's and worker's.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/config.ts';
import { dataFolder } from '../src/hub/data-folder.ts';
import { WORKER_ENTRY, workerOptions } from '../src/hub/worker-side.ts';
import type { BatchStatistics } from '../src/inference/batch-runner.ts';
import { SHIPPED_MODELS } from '../src/inference/model-set.ts';
import { WORKER_OPTIONS_VARIABLE } from '../src/inference/worker-process.ts';
import type { WorkerMessage } from '../src/inference/worker-process.ts';
import { startHubProcess } from '../test/e2e/hub-process.ts';
import type { HubProcess } from '../test/e2e/hub-process.ts';
import { startBare } from './bare.ts';
import type { BareFigures } from './bare.ts';
import { median, round } from './figures.ts';
import { saturate } from './film-load.ts';
import { makeFilm } from './films.ts';
import { describeMachine } from './machine.ts';
import { cpuMs, peakRssMb, resetPeakRss } from './process-figures.ts';
import { formatTable } from './table.ts';
import { watchHub } from './watch.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'string' }, models: { type: 'string' }, rounds: { type: 'string' }, seconds: { type: 'string' }, threads: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log('usage: npm run bench:throughput -- [--quick] [--json FILE] [--models DIR] [--rounds N] [--seconds N, of each measurement] [--threads N, of inference, in both]');
  process.exit(0);
}
const ROUNDS = Number(values.rounds ?? (values.quick ? 3 : 5));
const SECONDS = Number(values.seconds ?? (values.quick ? 8 : 20));
/** Fewer than there are cores: some to spare for decoding, hub and load generator, as P1 asks. */
const INFERENCE_THREADS = Number(values.threads ?? loadConfig({}, {}).config.inferenceThreads);
const ASSOCIATIONS = 4;
/** More than a worker takes in hand (24), so that it always finds work. */
const IN_HAND_MAX = 64;
const SIDES = [512, 768, 1024];

interface Round {
  readonly imagesPerSecond: number;
  readonly bareImagesPerSecond: number;
  readonly ratio: number;
  /** CPU time of an image, in ms: what its 1000 × cores ÷ images per second went to. */
  readonly cpuMs: { readonly sender: number; readonly hub: number; readonly worker: number; readonly bare: number };
  readonly eventLoopDelayP99Ms: number;
}

interface WorkerProcess {
  readonly pid: number;
  /** Ends it; resolves with what it says of its batches. */
  stop(): Promise<readonly (BatchStatistics & { readonly name: string })[]>;
}

/** As the hub starts it, but with its messages here. */
async function startWorker(data: string, modelFolders: readonly string[]): Promise<WorkerProcess> {
  const { config } = loadConfig({ data, 'inference-threads': String(INFERENCE_THREADS) }, {});
  const options = workerOptions(config, dataFolder(data), modelFolders);
  const child = fork(WORKER_ENTRY, [], { env: { ...process.env, [WORKER_OPTIONS_VARIABLE]: JSON.stringify(options) }, execArgv: ['--disable-warning=ExperimentalWarning'] });
  let names: readonly string[] = [];
  let statistics: readonly BatchStatistics[] = [];
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: WorkerMessage) => {
      if (message.type === 'ready') {
        names = message.models.map(({ name }) => name);
        resolve();
      } else if (message.type === 'stopped') statistics = message.statistics;
      else if (message.type === 'problem') reject(new Error(message.message));
    });
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
  return {
    pid: child.pid as number,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve(statistics.map((one, at) => ({ ...one, name: names[at] ?? '' }))));
        child.send({ type: 'stop' });
      }),
  };
}

/** The hub's own figure, in ms; reading it starts a new one. */
async function eventLoopDelayP99Ms(hub: HubProcess): Promise<number> {
  const text = await (await hub.api('/metrics')).text();
  return Number(/nodejs_eventloop_delay_seconds\{quantile="0.99"\} (\S+)/.exec(text)?.[1]) * 1000;
}

const models = values.models ?? SHIPPED_MODELS;
const folder = mkdtempSync(join(tmpdir(), 'firstread-bench-'));
try {
  const films = SIDES.flatMap((side) => [1, 2].map((seed) => makeFilm({ kind: 'raw', seed, width: side, height: side })));
  const data = join(folder, 'data');
  const hub = await startHubProcess({ data, models, settings: { workers: '0' } });
  const hubPid = hub.process.pid as number;
  const worker = await startWorker(data, [models]);
  const bare = await startBare([models], INFERENCE_THREADS);
  const watch = await watchHub({ registryPath: dataFolder(data).registry, httpUrl: hub.httpUrl, token: hub.token });
  const load = (seconds: number, onSteady?: () => void) => saturate({ port: hub.dicomPort, watch, films, associations: ASSOCIATIONS, inHandMax: IN_HAND_MAX, seconds, ...(onSteady === undefined ? {} : { onSteady }) });
  console.log(`hub:     firstread serve --data DIR --workers 0, and one worker with the defaults, ${INFERENCE_THREADS} inference threads, models ${values.models ?? 'shipped'}\nload:    ${ASSOCIATIONS} associations, raw films of ${SIDES.join(', ')} pixels, at most ${IN_HAND_MAX} in hand, from this process\nmachine: ${describeMachine()}\n`);

  await load(2);
  await bare.measure({ seconds: 1, batch: 'best' });
  for (const pid of [hubPid, worker.pid]) resetPeakRss(pid);
  const rounds: Round[] = [];
  let lastBare: BareFigures | undefined;
  for (let n = 0; n < ROUNDS; n++) {
    let bareFigures = n % 2 === 0 ? await bare.measure({ seconds: SECONDS, batch: 'best' }) : undefined;
    await eventLoopDelayP99Ms(hub);
    const cpu = (): number[] => [cpuMs(process.pid), cpuMs(hubPid), cpuMs(worker.pid)];
    const before = cpu();
    const countBefore = watch.flaggedCount();
    const { imagesPerSecond } = await load(SECONDS);
    const after = cpu();
    const images = watch.flaggedCount() - countBefore;
    const [sender, hubMs, workerMs] = after.map((ms, at) => (ms - (before[at] as number)) / images) as [number, number, number];
    const delay = await eventLoopDelayP99Ms(hub);
    bareFigures ??= await bare.measure({ seconds: SECONDS, batch: 'best' });
    lastBare = bareFigures;
    rounds.push({
      imagesPerSecond: round(imagesPerSecond, 2),
      bareImagesPerSecond: round(bareFigures.imagesPerSecond, 2),
      ratio: round(imagesPerSecond / bareFigures.imagesPerSecond, 3),
      cpuMs: { sender: round(sender, 1), hub: round(hubMs, 1), worker: round(workerMs, 1), bare: round(bareFigures.cpuMsPerImage, 1) },
      eventLoopDelayP99Ms: round(delay, 1),
    });
  }
  const rss = { hub: round(peakRssMb(hubPid)), worker: round(peakRssMb(worker.pid)) };
  watch.close();
  await bare.close();
  const batches = await worker.stop();
  await hub.stop();

  console.log(formatTable(
    ['round', 'images/s', 'bare images/s', 'ratio', 'CPU ms an image: sender', 'hub', 'worker', 'bare', 'hub event loop p99 ms'],
    rounds.map((one, at) => [at + 1, one.imagesPerSecond, one.bareImagesPerSecond, one.ratio, one.cpuMs.sender, one.cpuMs.hub, one.cpuMs.worker, one.cpuMs.bare, one.eventLoopDelayP99Ms]),
  ));
  const batchRows = batches.map(({ name, runs, pictures, places, runMs }) => {
    const bareModel = lastBare?.models.find((model) => model.name === name);
    return { name, runs, meanBatch: round(pictures / runs, 2), fill: round(pictures / places, 3), runMs: round(runMs / runs, 1), bareBatch: bareModel?.bucket ?? 0, bareRunMs: round(bareModel?.runMs ?? 0, 1) };
  });
  console.log(`\n${formatTable(['model', 'runs', 'mean batch', 'fill', 'ms a run', 'bare: batch', 'ms a run'], batchRows.map((row) => Object.values(row)))}`);
  const cores = availableParallelism();
  const ratio = median(rounds.map((one) => one.ratio));
  // What was left of the cores when sender and hub had had theirs: the ratio that could be had with nothing but inference in the worker.
  const possible = median(rounds.map(({ imagesPerSecond, cpuMs: { sender, hub: hubMs } }) => (cores * 1000 - imagesPerSecond * (sender + hubMs)) / (cores * 1000)));
  console.log(`\nratio, median of ${ROUNDS}: ${ratio.toFixed(2)}; sender and hub took ${Math.round((1 - possible) * 100)} % of the ${cores} cores\npeak RSS: hub ${rss.hub} MB, worker ${rss.worker} MB`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine: describeMachine(), ratio, rounds, batches: batchRows, peakRssMb: rss }, undefined, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
