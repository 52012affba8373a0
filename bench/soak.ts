/**
 * npm run soak: hub and worker killed (-9) at random moments under load, started again, for minutes or a night; at the end
 * the oracle: nothing acknowledged is lost, nothing is reported twice, every study has ended.
 * `npm run soak -- [--minutes N] [--redis] [--models DIR] [--senders N] [--seed N] [--keep]`
 * Exit code 0: all sound. 1: the oracle found something, or the hub did not come back. Models are tiny ones made by the tests unless
 * told otherwise: more images meet a kill. With --redis the queue is a redis-server of its own, which is killed and flushed too.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { createRandom } from '../fixtures/canvas.ts';
import { startLoad } from '../test/crash/load.ts';
import { judgeData } from '../test/crash/oracle.ts';
import { workerPids } from '../test/crash/worker-pids.ts';
import { hasEnded, removeData, startHubProcess, temporaryData, worklistOf } from '../test/e2e/hub-process.ts';
import type { HubOptions, HubProcess } from '../test/e2e/hub-process.ts';
import { startRedis } from '../test/peers/redis-server.ts';
import { percentile } from './figures.ts';
import { formatTable } from './table.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, redis: { type: 'boolean' }, models: { type: 'string' }, senders: { type: 'string', default: '4' }, seed: { type: 'string' }, keep: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log('usage: npm run soak -- [--minutes N] [--redis] [--models DIR] [--senders N] [--seed N, to have the same moments again] [--keep the data]');
  process.exit(0);
}
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
/** A round: the hub lives for up to so long. Short ones meet the start (reconcile, sweep), long ones the steady state. */
const LIFE_MS_MIN = 100;
const LIFE_MS_MAX = 8_000;
/** Between two objects of one sender: the load goes on, and the analyses can follow. */
const SEND_PAUSE_MS = 25;
/** At the end thousands may be waiting, and a busy machine takes its time: given up only when no study has ended for so long. */
const STALLED_MS = 2 * 60_000;
const LOOK_MS = 2_000;

const random = createRandom(seed);
const between = (least: number, most: number): number => least + random() * (most - least);
const counts = { hubKills: 0, workerKills: 0, redisKills: 0, redisFlushes: 0 };
const listeningMs: number[] = [];

const data = temporaryData();
const redis = values.redis ? await startRedis() : undefined;
const hubOptions: HubOptions = { data, waitFor: 'listening', ...(values.models === undefined ? {} : { models: values.models }), ...(redis === undefined ? {} : { environment: { REDIS_URL: redis.url } }) };
let hub: HubProcess | undefined;
const load = startLoad({ senders: Number(values.senders), port: () => hub?.dicomPort, run: `soak${seed}`, pauseMs: SEND_PAUSE_MS });

async function startTimed(): Promise<HubProcess> {
  const from = performance.now();
  const started = await startHubProcess(hubOptions);
  listeningMs.push(performance.now() - from);
  return started;
}

async function killWorkers(of: HubProcess): Promise<void> {
  for (const pid of workerPids(of.process.pid as number)) {
    process.kill(pid, 'SIGKILL');
    counts.workerKills++;
  }
}

/** Redis goes away for a moment, or forgets everything. */
async function troubleRedis(): Promise<void> {
  if (redis === undefined) return;
  if (random() < 0.5) {
    counts.redisKills++;
    await redis.kill();
    await pause(between(100, 2_000));
    await redis.start();
    return;
  }
  counts.redisFlushes++;
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
}

let toldAtMs = 0;
function tellNowAndThen(tell: () => void): void {
  if (Date.now() - toldAtMs <= (process.stdout.isTTY ? 500 : 10_000)) return;
  toldAtMs = Date.now();
  tell();
}

function progress(leftMs: number): void {
  const line = `${Math.ceil(Math.max(0, leftMs) / 1000)} s left · ${load.acknowledged.size} acknowledged of ${load.attemptCount()} tries · killed: hub ${counts.hubKills}, worker ${counts.workerKills}${redis === undefined ? '' : `, redis ${counts.redisKills}, flushed ${counts.redisFlushes}`}`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`);
  else console.log(line);
}

async function untilAllEnded(): Promise<void> {
  let before = Infinity;
  for (let endedAtMs = Date.now(); Date.now() - endedAtMs < STALLED_MS; ) {
    const left = worklistOf(data).filter((row) => !hasEnded(row)).length;
    if (left === 0) return;
    if (left < before) [before, endedAtMs] = [left, Date.now()];
    tellNowAndThen(() => console.log(`${left} studies have not ended yet`));
    await pause(LOOK_MS);
  }
  console.error(`no study has ended for ${STALLED_MS / 1000} s`);
}

console.log(`soak: ${minutes} minutes, seed ${seed}, queue ${redis === undefined ? 'embedded' : 'Redis'}, data ${data}`);
const untilMs = Date.now() + minutes * 60_000;
let failed = true;
try {
  while (Date.now() < untilMs) {
    hub = await startTimed();
    const dieAtMs = Date.now() + LIFE_MS_MIN + random() ** 2 * (LIFE_MS_MAX - LIFE_MS_MIN);
    while (Date.now() < dieAtMs) {
      await pause(Math.min(between(50, 2_000), Math.max(1, dieAtMs - Date.now())));
      const dice = random();
      if (dice < 0.15) await killWorkers(hub);
      else if (dice < 0.22) await troubleRedis();
    }
    const dying = hub;
    hub = undefined;
    await dying.kill();
    counts.hubKills++;
    tellNowAndThen(() => progress(untilMs - Date.now()));
  }
  hub = await startTimed();
  await load.stop();
  console.log(`\n${load.acknowledged.size} acknowledged; waiting until every study has ended`);
  await untilAllEnded();
  const exitCode = await hub.stop();
  const verdict = judgeData(data, load.acknowledged.values());
  const faults = { lost: verdict.lost, 'not in the spool': verdict.notInSpool, 'not ended': verdict.unsettled, 'reported twice': verdict.duplicateReports };
  console.log(formatTable(['', ''], [
    ['acknowledged', load.acknowledged.size],
    ['studies', verdict.studyCount],
    ['reports', verdict.reportCount],
    ...Object.entries(faults).map(([name, all]) => [name, all.length] as const),
    ['hub killed', counts.hubKills],
    ['worker killed', counts.workerKills],
    ...(redis === undefined ? [] : [['Redis killed', counts.redisKills] as const, ['Redis flushed', counts.redisFlushes] as const]),
    ['listening after a start, ms p50', Math.round(percentile(listeningMs, 50))],
    ['listening after a start, ms p95', Math.round(percentile(listeningMs, 95))],
    ['last hub\'s exit code', String(exitCode)],
  ]));
  for (const [name, all] of Object.entries(faults)) for (const one of all.slice(0, 20)) console.log(`${name}: ${one}`);
  failed = exitCode !== 0 || Object.values(faults).some((all) => all.length > 0);
} finally {
  await load.stop();
  await redis?.close();
  if (failed || values.keep) console.log(`the data is kept: ${data}`);
  else removeData(data);
}
console.log(failed ? 'FAILED' : 'sound: nothing lost, nothing twice');
process.exitCode = failed ? 1 : 0;
