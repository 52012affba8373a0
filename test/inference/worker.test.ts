import { createHash, randomUUID } from 'node:crypto';
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FirstreadError } from '../../src/errors.ts';
import { createFileSource } from '../../src/inference/file-source.ts';
import { HTTP_SOURCE_LIMITS, createHttpSource } from '../../src/inference/http-source.ts';
import { openEngineHere } from '../../src/inference/model-engine.ts';
import type { ModelEngine } from '../../src/inference/model-engine.ts';
import { loadModelSet } from '../../src/inference/model-set.ts';
import { pictureHere } from '../../src/inference/picture-work.ts';
import { decodeInstance } from '../../src/inference/decode-frame.ts';
import { serveJobs, workerLimits } from '../../src/inference/worker.ts';
import type { ServeOptions, WorkerEvent } from '../../src/inference/worker.ts';
import type { WorkerMessage, WorkerProcessOptions } from '../../src/inference/worker-process.ts';
import { openEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import type { EmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import type { AnalysisJob, ClaimedJob, JobEnd, QueueLimits } from '../../src/queue/job-queue.ts';
import { DEFAULT_ELIGIBILITY } from '../../src/study/eligibility.ts';
import { temporaryFolder, writeTinySite } from '../models/tiny-models.ts';
import { wrapAsDx } from './drawn-dicom.ts';
import { chestHeader, drawChest } from './drawn-pictures.ts';

const queueLimits: QueueLimits = { leaseMs: 2_000, maxAttempts: 3, backoffMs: [20, 20] };
const settings = { eligibility: DEFAULT_ELIGIBILITY };

let folder: string;
let models: string;
let queue: EmbeddedQueue;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firstread-worker-'));
  models = await temporaryFolder();
  await writeTinySite(models);
  queue = openEmbeddedQueue(join(folder, 'queue.sqlite'), queueLimits);
});
afterEach(async () => {
  await queue.close();
  await rm(folder, { recursive: true, force: true });
  await rm(models, { recursive: true, force: true });
});

/** Puts a file into the spool and makes its job. */
async function store(bytes: Uint8Array, extra: Partial<AnalysisJob> = {}): Promise<AnalysisJob> {
  const fileKey = createHash('sha256').update(bytes).update(randomUUID()).digest('hex');
  await mkdir(join(folder, 'spool/instances', fileKey.slice(0, 2)), { recursive: true });
  await writeFile(join(folder, 'spool/instances', fileKey.slice(0, 2), `${fileKey}.dcm`), bytes);
  return { jobId: fileKey.slice(0, 32), studyInstanceUid: '2.25.2', sopInstanceUid: '2.25.1', contentSha256: fileKey, fileKey, header: chestHeader, rank: 10, enqueuedAtMs: Date.now(), ...extra };
}

const spot = (grey: number) => drawChest({ spots: [{ x: 256, y: 256, radius: 60, grey }] });

async function endedJobs(count: number): Promise<readonly JobEnd[]> {
  for (const from = Date.now(); Date.now() - from < 20_000; ) {
    const ended = await queue.ended(1000);
    if (ended.length >= count) return ended;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the jobs did not end in time');
}

/** Whatever waits or comes back within the backoff. */
async function claimAll(count: number): Promise<readonly ClaimedJob[]> {
  const claims: ClaimedJob[] = [];
  for (const from = Date.now(); claims.length < count && Date.now() - from < 20_000; ) claims.push(...(await queue.claim(10, 50)));
  return claims;
}

/** The worker's loop in this process, with parts that a test may replace. */
function serveHere(engine: ModelEngine, replaced: Partial<ServeOptions> = {}) {
  const events: WorkerEvent[] = [];
  const stop = new AbortController();
  const done = serveJobs({
    source: queue,
    instances: createFileSource({ spool: join(folder, 'spool'), previews: join(folder, 'previews'), instanceBytesMax: 1e8 }),
    provider: { name: 'cpu', deviceId: 0 },
    settings,
    limits: { ...workerLimits(1, queueLimits.leaseMs), claimWaitMs: 20, troublePauseMs: 20 },
    onEvent: (event) => events.push(event),
    signal: stop.signal,
    decode: async (bytes) => decodeInstance(bytes),
    openPicture: pictureHere,
    engine,
    ...replaced,
  });
  return { events, done, stop: async () => (stop.abort(), done) };
}

const openEngine = async (): Promise<ModelEngine> => openEngineHere(await loadModelSet([models]), { provider: { name: 'cpu', deviceId: 0 }, intraOpThreads: 1, batchMax: 4 });

describe('the worker as a process', () => {
  test('is ready with its models, answers images of many studies in batches, leaves previews, and stops when told', { timeout: 60_000 }, async () => {
    const options: WorkerProcessOptions = {
      queue: { kind: 'embedded', path: join(folder, 'queue.sqlite') },
      queueLimits,
      instances: { kind: 'file', spool: join(folder, 'spool'), previews: join(folder, 'previews') },
      models: [models],
      provider: 'cpu',
      inferenceThreads: 1,
      decodeThreads: 1,
      settings,
    };
    const jobs = await Promise.all(Array.from({ length: 12 }, async (_, i) => store(wrapAsDx(i % 2 === 0 ? spot(255) : drawChest({ width: 300 + i })))));
    await queue.add(jobs);
    const child = fork(join(import.meta.dirname, '../../src/inference/worker-process.ts'), [JSON.stringify(options)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    const messages: WorkerMessage[] = [];
    child.on('message', (message: WorkerMessage) => messages.push(message));
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    const ended = await endedJobs(12);
    expect(ended.map((e) => (e.kind === 'completed' ? e.outcome.kind : e.error))).toEqual(new Array(12).fill('scored'));
    for (const end of ended) {
      if (end.kind !== 'completed' || end.outcome.kind !== 'scored') continue;
      const tb = end.outcome.findings.find((f) => f.family === 'tuberculosis');
      expect(end.outcome.decodePath).toContain('1.2.840.10008.1.2.1');
      expect(tb?.heatmap?.columns).toBe(32);
      const picture = sharp(await readFile(join(folder, 'previews', end.job.fileKey.slice(0, 2), `${end.job.fileKey}.jpg`)));
      expect((await picture.metadata()).format).toBe('jpeg');
      // 256 grey values survive, not a handful: the 16-bit trap would show here.
      expect((await picture.stats()).channels[0]?.stdev).toBeGreaterThan(10);
    }
    child.send({ type: 'stop' });
    expect(await exited).toBe(0);
    expect(messages.find((m) => m.type === 'ready')).toMatchObject({ provider: 'cpu', models: [{ name: 'tiny-lung-field' }, { name: 'tiny-heatmap' }, { name: 'tiny-yolo' }] });
    const stopped = messages.find((m) => m.type === 'stopped');
    expect(stopped?.type === 'stopped' && stopped.statistics.map((one) => one.pictures)).toEqual([12, 12, 12]);
  });

  test('killed in the middle of its work: another worker answers what was left, everything once', { timeout: 60_000 }, async () => {
    const options: WorkerProcessOptions = { queue: { kind: 'embedded', path: join(folder, 'queue.sqlite') }, queueLimits: { ...queueLimits, leaseMs: 500 }, instances: { kind: 'file', spool: join(folder, 'spool'), previews: join(folder, 'previews') }, models: [models], provider: 'cpu', inferenceThreads: 1, decodeThreads: 1, settings };
    await queue.close();
    queue = openEmbeddedQueue(join(folder, 'queue.sqlite'), options.queueLimits);
    await queue.add(await Promise.all(Array.from({ length: 24 }, async () => store(wrapAsDx(drawChest({ width: 500, height: 500 }))))));
    const start = () => fork(join(import.meta.dirname, '../../src/inference/worker-process.ts'), [JSON.stringify(options)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    const first = start();
    await endedJobs(3);
    first.kill('SIGKILL');
    await new Promise((resolve) => first.once('exit', resolve));
    const before = (await queue.ended(100)).length;
    expect(before).toBeLessThan(24);
    const second = start();
    const ended = await endedJobs(24);
    second.send({ type: 'stop' });
    expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(0);
    expect(new Set(ended.map((e) => e.job.jobId)).size).toBe(24);
    expect(ended.every((e) => e.kind === 'completed' && e.outcome.kind === 'scored')).toBe(true);
  });

  test('cuda without its libraries is said in words, and nothing runs on the CPU instead', { timeout: 60_000 }, async () => {
    await queue.add([await store(wrapAsDx(drawChest()))]);
    const options: WorkerProcessOptions = { queue: { kind: 'embedded', path: join(folder, 'queue.sqlite') }, queueLimits, instances: { kind: 'file', spool: join(folder, 'spool'), previews: join(folder, 'previews') }, models: [models], provider: 'cuda:0', inferenceThreads: 1, decodeThreads: 1, settings };
    const child = fork(join(import.meta.dirname, '../../src/inference/worker-process.ts'), [JSON.stringify(options)], { execArgv: ['--disable-warning=ExperimentalWarning'], env: { ...process.env, CUDA_VISIBLE_DEVICES: '' } });
    const messages: WorkerMessage[] = [];
    child.on('message', (message: WorkerMessage) => messages.push(message));
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(1);
    const problem = messages.find((m) => m.type === 'problem');
    expect(problem).toMatchObject({ code: 'provider-unavailable' });
    expect(problem?.type === 'problem' && problem.message).toMatch(/cuda:0 .*cannot be used/);
    expect(messages.some((m) => m.type === 'ready')).toBe(false);
    expect((await queue.counts()).waiting).toBe(1);
  });
});

describe('the worker\'s loop', () => {
  test('a source that has nothing and does not wait leaves the others their turn', async () => {
    const engine = await openEngine();
    const worker = serveHere(engine, { source: { ...queue, claim: async () => [] } });
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 1);
    // However busy the machine is: a starved loop would never get there.
    await expect.poll(() => turns, { timeout: 20_000, interval: 5 }).toBeGreaterThan(3);
    clearInterval(counting);
    await worker.stop();
    await engine.close();
  });

  test('a poison image is set aside after three tries, the others of its batch are scored', async () => {
    const engine = await openEngine();
    const good = await Promise.all(Array.from({ length: 5 }, async () => store(wrapAsDx(spot(250)))));
    const poison = await store(Buffer.from('poison'));
    await queue.add([...good.slice(0, 2), poison, ...good.slice(2)]);
    const worker = serveHere(engine, {
      decode: async (bytes) => {
        if (Buffer.from(bytes).toString() === 'poison') throw new FirstreadError('decode-timeout', 'decoding took longer than 100 ms');
        return decodeInstance(bytes);
      },
    });
    const ended = await endedJobs(6);
    await worker.stop();
    const aside = ended.filter((e) => e.kind === 'quarantined');
    expect(aside).toHaveLength(1);
    expect(aside[0]).toMatchObject({ attempts: 3, job: { jobId: poison.jobId } });
    expect(aside[0]?.kind === 'quarantined' && aside[0].error).toContain('decode-timeout');
    expect(ended.filter((e) => e.kind === 'completed' && e.outcome.kind === 'scored')).toHaveLength(5);
    await engine.close();
  });

  test('a damaged image is an answer at once, not a retry', async () => {
    const engine = await openEngine();
    const whole = wrapAsDx(drawChest());
    await queue.add([await store(whole.slice(0, whole.length - 40_000)), await store(Buffer.from('<html>not a picture</html>'))]);
    const worker = serveHere(engine);
    const ended = await endedJobs(2);
    await worker.stop();
    expect(ended.map((e) => e.kind === 'completed' && e.outcome.kind === 'unreadable' && e.outcome.reason.code).toSorted()).toEqual(['data-set-damaged', 'pixels-damaged']);
    expect(worker.events.filter((e) => e.type === 'failed')).toEqual([]);
    await engine.close();
  });

  test('two files are compared by their pixels: another encoding is the same picture, another picture is not', async () => {
    const engine = await openEngine();
    const picture = drawChest({ maxValue: 4095 });
    const first = await store(wrapAsDx(picture));
    const again = await store(wrapAsDx(picture, { sopInstanceUid: '2.25.79' }), { compareWithFileKey: first.fileKey });
    const inverted = await store(wrapAsDx({ ...picture, pixels: Uint16Array.from(picture.pixels, (v) => 4095 - v) }, { photometric: 'MONOCHROME1' }), { compareWithFileKey: first.fileKey });
    const off = Uint16Array.from(picture.pixels);
    off[1000] = (off[1000] ?? 0) + 3;
    const other = await store(wrapAsDx({ ...picture, pixels: off }), { compareWithFileKey: first.fileKey });
    await queue.add([again, inverted, other]);
    const worker = serveHere(engine);
    const ended = await endedJobs(3);
    await worker.stop();
    const answer = (job: AnalysisJob) => ended.find((e) => e.job.jobId === job.jobId);
    expect(answer(again)).toMatchObject({ outcome: { kind: 'compared', samePixels: true } });
    expect(answer(inverted)).toMatchObject({ outcome: { kind: 'compared', samePixels: true } });
    expect(answer(other)).toMatchObject({ outcome: { kind: 'compared', samePixels: false, detail: '1 pixels differ, by up to 3' } });
    await engine.close();
  });

  test('while the hub is away no image pays for it', async () => {
    const engine = await openEngine();
    await queue.add([await store(wrapAsDx(drawChest()))]);
    const files = createFileSource({ spool: join(folder, 'spool'), previews: join(folder, 'previews'), instanceBytesMax: 1e8 });
    let away = 6;
    const worker = serveHere(engine, {
      instances: {
        ...files,
        fetch: async (fileKey, signal) => {
          if (away > 0) {
            away -= 1;
            throw new FirstreadError('hub-unreachable');
          }
          return files.fetch(fileKey, signal);
        },
      },
    });
    const [ended] = await endedJobs(1);
    await worker.stop();
    expect(ended).toMatchObject({ kind: 'completed', outcome: { kind: 'scored' } });
    expect(worker.events.filter((e) => e.type === 'failed').map((e) => e.type === 'failed' && e.next)).toEqual(new Array(6).fill('released'));
    await engine.close();
  });

  test('a file that the hub never gives whole is set aside like a poison image; the others come, and are scored', async () => {
    const engine = await openEngine();
    const good = await Promise.all([0, 1, 2].map(async () => store(wrapAsDx(spot(250)))));
    const broken = await store(wrapAsDx(drawChest()));
    const hub = createServer((request, response) => {
      const fileKey = request.url?.split('/').at(-1) ?? '';
      if (request.method === 'PUT') return request.resume().on('end', () => response.end('{}'));
      const bytes = readFileSync(join(folder, 'spool/instances', fileKey.slice(0, 2), `${fileKey}.dcm`));
      response.writeHead(200, { 'content-length': bytes.length });
      if (fileKey !== broken.fileKey) return response.end(bytes);
      response.write(bytes.subarray(0, 1000));
      return setTimeout(() => response.destroy(), 5);
    });
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
    await queue.add([broken, ...good]);
    const worker = serveHere(engine, {
      instances: createHttpSource({ hubUrl: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`, token: 'x', limits: { ...HTTP_SOURCE_LIMITS, retryPausesMs: [5, 5] } }),
    });
    const ended = await endedJobs(4);
    await worker.stop();
    hub.closeAllConnections();
    hub.close();
    const aside = ended.filter((e) => e.kind === 'quarantined');
    expect(aside).toMatchObject([{ attempts: 3, job: { jobId: broken.jobId }, error: expect.stringContaining('instance-incomplete') }]);
    expect(ended.filter((e) => e.kind === 'completed' && e.outcome.kind === 'scored')).toHaveLength(3);
    await engine.close();
  });

  test('takes few more jobs than it can fetch: the others are there for another worker, or for a STAT study to pass them', async () => {
    const engine = await openEngine();
    const jobs = await Promise.all(Array.from({ length: 12 }, async () => store(wrapAsDx(drawChest()))));
    await queue.add(jobs);
    const files = createFileSource({ spool: join(folder, 'spool'), previews: join(folder, 'previews'), instanceBytesMax: 1e8 });
    const coming: (() => void)[] = [];
    const worker = serveHere(engine, {
      instances: {
        ...files,
        fetchesAtOnce: 2,
        fetch: async (fileKey, signal) => {
          await new Promise<void>((resolve) => coming.push(resolve));
          return files.fetch(fileKey, signal);
        },
      },
    });
    await expect.poll(() => coming.length).toBe(4);
    // Turns enough for another claim.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await queue.counts()).toMatchObject({ active: 4, waiting: 8 });
    // One arrives, and one more is taken in its place.
    coming.shift()?.();
    await expect.poll(() => coming.length).toBe(4);
    const arriving = setInterval(() => coming.shift()?.(), 5);
    expect(await endedJobs(12)).toHaveLength(12);
    clearInterval(arriving);
    await worker.stop();
    await engine.close();
  });

  test('leases are renewed all at once: on a line where that takes a while none is lost for coming last', async () => {
    const engine = await openEngine();
    const jobs = await Promise.all(Array.from({ length: 12 }, async () => store(wrapAsDx(drawChest()))));
    await queue.add(jobs);
    const leaseMs = 6_000;
    const far = openEmbeddedQueue(join(folder, 'queue.sqlite'), { ...queueLimits, leaseMs });
    const extended = new Map<string, number>();
    let decoding = 0;
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const worker = serveHere(engine, {
      limits: { ...workerLimits(10, leaseMs), claimWaitMs: 20, troublePauseMs: 20 },
      source: {
        ...far,
        extend: async (claim) => {
          await new Promise((resolve) => setTimeout(resolve, 600));
          const kept = await far.extend(claim);
          if (kept) extended.set(claim.job.jobId, (extended.get(claim.job.jobId) ?? 0) + 1);
          return kept;
        },
      },
      decode: async (bytes) => {
        decoding += 1;
        await held;
        return decodeInstance(bytes);
      },
    });
    await expect.poll(() => decoding).toBe(12);
    // Each has outlived its first lease.
    await expect.poll(() => [...extended.values()].filter((times) => times > 2).length, { timeout: 60_000 }).toBe(12);
    letGo();
    const ended = await endedJobs(12);
    await worker.stop();
    expect(ended.every((e) => e.kind === 'completed')).toBe(true);
    expect(worker.events.filter((e) => e.type === 'failed')).toEqual([]);
    await far.close();
    await engine.close();
  });

  test('a stop finishes what is at the models and hands the rest back without counting a try', async () => {
    const engine = await openEngine();
    const jobs = await Promise.all(Array.from({ length: 6 }, async () => store(wrapAsDx(spot(250)))));
    await queue.add(jobs);
    let decoded = 0;
    const waiting: (() => void)[] = [];
    const worker = serveHere(engine, {
      decode: async (bytes, signal) => {
        decoded += 1;
        if (decoded <= 2) return decodeInstance(bytes);
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          waiting.push(() => undefined);
        });
      },
    });
    while (waiting.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    await worker.stop();
    const ended = await queue.ended(100);
    expect(ended).toHaveLength(2);
    expect(await queue.counts()).toMatchObject({ waiting: 4, active: 0 });
    const again = await queue.claim(10, 100);
    expect(again.map((c) => c.attempt)).toEqual([1, 1, 1, 1]);
    await engine.close();
  });

  test('a worker that slept past its lease: its late answer is discarded, the other worker\'s counts', async () => {
    const engine = await openEngine();
    await queue.add([await store(wrapAsDx(spot(250)))]);
    const sleeping = openEmbeddedQueue(join(folder, 'queue.sqlite'), { ...queueLimits, leaseMs: 150 });
    let claimed = false;
    let wakeUp: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => (wakeUp = resolve));
    let taken: () => void = () => undefined;
    const took = new Promise<void>((resolve) => (taken = resolve));
    // Stopped as by SIGSTOP: neither renews nor notices.
    const late = serveHere(engine, {
      source: {
        ...sleeping,
        claim: async (max, waitMs) => {
          if (claimed) await asleep;
          const claims = await sleeping.claim(max, waitMs);
          claimed ||= claims.length > 0;
          return claims;
        },
        extend: async () => asleep.then(() => true),
      },
      decode: async (bytes) => {
        taken();
        await asleep;
        return decodeInstance(bytes);
      },
    });
    await took;
    const awake = serveHere(engine);
    const [ended] = await endedJobs(1);
    expect(ended).toMatchObject({ kind: 'completed', outcome: { kind: 'scored' } });
    wakeUp();
    for (const from = Date.now(); late.events.every((e) => e.type !== 'answered') && Date.now() - from < 10_000; ) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(late.events.find((e) => e.type === 'answered')).toMatchObject({ accepted: false });
    expect(awake.events.find((e) => e.type === 'answered')).toMatchObject({ accepted: true, attempt: 2 });
    await late.stop();
    await awake.stop();
    await sleeping.close();
    await engine.close();
  });

  test('a failing provider ends the worker; on a GPU the images are handed back uncounted', async () => {
    const engine = await openEngine();
    const jobs = await Promise.all(Array.from({ length: 3 }, async () => store(wrapAsDx(drawChest()))));
    await queue.add(jobs);
    const lost: ModelEngine = { ...engine, run: async () => Promise.reject(new FirstreadError('model-run-failed', 'CUDA error 700')) };
    const worker = serveHere(lost, { provider: { name: 'cuda', deviceId: 0 } });
    await expect(worker.done).rejects.toMatchObject({ code: 'model-run-failed' });
    expect(await queue.counts()).toMatchObject({ waiting: 3, active: 0, ended: 0 });
    expect((await queue.claim(10, 100)).map((c) => c.attempt)).toEqual([1, 1, 1]);
    await engine.close();
  });

  test.each([['at work', false], ['told to stop', true]])('a run that hangs ends a worker %s: its images have used up a try, the others go back uncounted', async (_when, isStopping) => {
    const engine = await openEngine();
    const atTheModel = await store(wrapAsDx(spot(250)));
    const behind = await store(wrapAsDx(spot(240)));
    const coming = await store(wrapAsDx(spot(230)));
    await queue.add([atTheModel, behind, coming]);
    const files = createFileSource({ spool: join(folder, 'spool'), previews: join(folder, 'previews'), instanceBytesMax: 1e8 });
    let hang: (error: Error) => void = () => undefined;
    const hung = new Promise<never>((_, reject) => (hang = reject));
    let runs = 0;
    let waiting = 0;
    const stuck: ModelEngine = { ...engine, run: async () => ((runs += 1) === 1 ? hung : Promise.reject(new FirstreadError('model-run-stuck', 'it has run for 300 s', { behind: true }))) };
    const worker = serveHere(stuck, {
      instances: {
        ...files,
        // One film is at the model before the next is here, and one never comes.
        fetch: async (fileKey, signal) => {
          if (fileKey === behind.fileKey) await expect.poll(() => runs, { timeout: 60_000 }).toBeGreaterThan(0);
          if (fileKey === coming.fileKey) {
            waiting += 1;
            // The worker may get back what it has just given back.
            signal.throwIfAborted();
            await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
          }
          return files.fetch(fileKey, signal);
        },
        // The film that hung is the last to say so.
        putPreview: async (fileKey) => {
          if (fileKey === atTheModel.fileKey) await expect.poll(() => worker.events.some((e) => e.type === 'failed' && e.jobId === behind.jobId), { timeout: 60_000 }).toBe(true);
        },
      },
      decode: async (bytes) => {
        const decoded = await decodeInstance(bytes);
        if (runs > 0) waiting += 1;
        return decoded;
      },
    });
    await expect.poll(() => waiting, { timeout: 60_000 }).toBe(2);
    if (isStopping) void worker.stop().catch(() => undefined);
    hang(new FirstreadError('model-run-stuck', 'it has run for 300 s'));
    await expect(worker.done).rejects.toMatchObject({ code: 'model-run-stuck', message: expect.stringContaining('300 s') });
    const claims = await claimAll(3);
    expect(claims.map(({ job, attempt }) => [job.jobId, attempt]).toSorted()).toEqual([[atTheModel.jobId, 2], [behind.jobId, 1], [coming.jobId, 1]].toSorted());
    await engine.close();
  });

  test('a worker whose run hangs waits for nothing else that does not come back', async () => {
    const engine = await openEngine();
    const never = await store(wrapAsDx(drawChest()));
    await queue.add([await store(wrapAsDx(drawChest())), never]);
    const files = createFileSource({ spool: join(folder, 'spool'), previews: join(folder, 'previews'), instanceBytesMax: 1e8 });
    const stuck: ModelEngine = { ...engine, run: async () => Promise.reject(new FirstreadError('model-run-stuck')) };
    const worker = serveHere(stuck, { instances: { ...files, fetch: async (fileKey, signal) => (fileKey === never.fileKey ? new Promise(() => undefined) : files.fetch(fileKey, signal)) } });
    await expect(worker.done).rejects.toMatchObject({ code: 'model-run-stuck' });
    await engine.close();
  });

  test('an image that was tried before is handled with nobody else in hand', async () => {
    const engine = await openEngine();
    const suspect = await store(wrapAsDx(spot(250)));
    await queue.add([suspect]);
    const [claim] = await queue.claim(1, 100);
    await queue.fail(claim!, 'tried once');
    const others = await Promise.all(Array.from({ length: 6 }, async () => store(wrapAsDx(drawChest()))));
    await queue.add(others);
    await new Promise((resolve) => setTimeout(resolve, 50));
    let inHand = 0;
    let together = 0;
    const worker = serveHere(engine, {
      instances: {
        fetch: async (fileKey, signal) => {
          if (fileKey === suspect.fileKey) together = inHand;
          return createFileSource({ spool: join(folder, 'spool'), previews: join(folder, 'previews'), instanceBytesMax: 1e8 }).fetch(fileKey, signal);
        },
        putPreview: async () => undefined,
      },
      decode: async (bytes) => {
        inHand += 1;
        return decodeInstance(bytes);
      },
      onEvent: (event) => {
        if (event.type === 'answered') inHand -= 1;
      },
    });
    expect(await endedJobs(7)).toHaveLength(7);
    await worker.stop();
    expect(together).toBe(0);
    await engine.close();
  });
});
