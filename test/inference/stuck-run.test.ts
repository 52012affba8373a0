/**
 * A run of a model that hangs in native code, as a driver does: a network whose loop never ends on a bright film. Nothing of
 * it may stay for ever, and a process that holds such a thread can only be killed; so all of this is in processes of its own.
 */
import { createHash, randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { startWorkers } from '../../src/hub/worker-supervisor.ts';
import type { WorkerMessage } from '../../src/hub/worker-supervisor.ts';
import { WORKER_OPTIONS_VARIABLE } from '../../src/inference/worker-process.ts';
import type { WorkerProcessOptions } from '../../src/inference/worker-process.ts';
import { openEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import type { EmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import type { AnalysisJob, JobEnd, QueueLimits } from '../../src/queue/job-queue.ts';
import { DEFAULT_ELIGIBILITY } from '../../src/study/eligibility.ts';
import { lungFieldDraft, temporaryFolder, tinyLungField, tinyTrap, trapDraft, writeModelFolder } from '../models/tiny-models.ts';
import { wrapAsDx } from './drawn-dicom.ts';
import { chestHeader, drawChest } from './drawn-pictures.ts';

const source = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
const queueLimits: QueueLimits = { leaseMs: 2_000, maxAttempts: 2, backoffMs: [20] };
/** A run of the little network takes milliseconds. */
const RUN_DEADLINE_MS = 3_000;
const POLL = { timeout: 90_000, interval: 50 };

let root: string;
let models: string;
let queue: EmbeddedQueue;
let elsewhere: ChildProcess | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'firstread-stuck-'));
  models = await temporaryFolder();
  await writeModelFolder(models, tinyLungField(), lungFieldDraft);
  await writeModelFolder(models, tinyTrap(), trapDraft);
  queue = openEmbeddedQueue(dataFolder(root).queue, queueLimits);
});
afterEach(async () => {
  elsewhere?.kill('SIGKILL');
  await queue.close();
  await rm(root, { recursive: true, force: true });
  await rm(models, { recursive: true, force: true });
});

async function store(bytes: Uint8Array): Promise<AnalysisJob> {
  const fileKey = createHash('sha256').update(bytes).update(randomUUID()).digest('hex');
  const folder = join(dataFolder(root).spool, 'instances', fileKey.slice(0, 2));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${fileKey}.dcm`), bytes);
  return { jobId: fileKey.slice(0, 32), studyInstanceUid: '2.25.2', sopInstanceUid: '2.25.1', contentSha256: fileKey, fileKey, header: chestHeader, rank: 10, enqueuedAtMs: Date.now() };
}

const ordinary = (): Promise<AnalysisJob> => store(wrapAsDx(drawChest()));
const endless = (): Promise<AnalysisJob> => store(wrapAsDx(drawChest({ spots: [{ x: 256, y: 256, radius: 400, grey: 255 }, { x: 160, y: 256, radius: 75, grey: 0 }, { x: 352, y: 256, radius: 75, grey: 0 }] })));

test('the worker says so and ends; the next one goes on, and the film that makes a model hang is set aside alone', { timeout: 180_000 }, async () => {
  const jobs = [await ordinary(), await endless(), await ordinary(), await ordinary()];
  await queue.add(jobs);
  const options: WorkerProcessOptions = {
    queue: { kind: 'embedded', path: dataFolder(root).queue },
    queueLimits,
    instances: { kind: 'file', spool: dataFolder(root).spool, previews: dataFolder(root).previews },
    models: [models],
    provider: 'cpu',
    inferenceThreads: 1,
    decodeThreads: 1,
    runDeadlineMs: RUN_DEADLINE_MS,
    settings: { eligibility: DEFAULT_ELIGIBILITY },
  };
  const messages: WorkerMessage[] = [];
  const exits: (string | number | null)[] = [];
  const workers = startWorkers({
    count: 1, entry: source('inference/worker-process.ts'), variable: WORKER_OPTIONS_VARIABLE, workerOptions: options,
    onMessage: (message) => messages.push(message),
    onExit: (code, signal, willRestart) => willRestart && exits.push(signal ?? code),
  });
  let ended: readonly JobEnd[] = [];
  await expect.poll(async () => (ended = await queue.ended(100)).length, POLL).toBe(4);
  // Twice the film took its worker with it.
  await expect.poll(() => exits, POLL).toEqual(['SIGKILL', 'SIGKILL']);
  await workers.stop(10_000);
  expect(ended.filter((end) => end.kind === 'completed' && end.outcome.kind === 'scored')).toHaveLength(3);
  expect(ended.filter((end) => end.kind === 'quarantined')).toMatchObject([{ job: { jobId: jobs[1]?.jobId }, error: expect.stringContaining('model-run-stuck'), attempts: 2 }]);
  const problems = messages.filter(({ type }) => type === 'problem');
  expect(problems).toHaveLength(2);
  expect(problems[0]).toMatchObject({ code: 'model-run-stuck', message: expect.stringContaining('tiny-trap') });
});

test('`firstread worker` ends too, with a clear word: its service manager starts it again', { timeout: 180_000 }, async () => {
  await queue.add([await endless()]);
  await writeFile(dataFolder(root).registry, '');
  const worker = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', source('main.ts'), 'worker', '--data', root, '--models', models, '--model-deadline-ms', `${RUN_DEADLINE_MS}`, '--log-format', 'json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  elsewhere = worker;
  let said = '';
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (bytes: Buffer) => void (said += bytes.toString()));
  // 'close': with the last of what it said.
  const signal = await new Promise((resolve) => worker.once('close', (_code, by) => resolve(by)));
  expect(signal).toBe('SIGKILL');
  expect(said).toMatch(/firstread worker: tiny-trap: a batch of 1 has run for \d+ s and is not done/);
  expect(said).toContain('"id":4015');
});
