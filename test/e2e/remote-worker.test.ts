/** Scaled out: the hub without a worker of its own, Redis, and a worker that has nothing but an address and a token. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { writeSiteThresholds } from '../../src/hub/site-thresholds.ts';
import { startLoad, type Load } from '../crash/load.ts';
import { needPeer } from '../peers/need-peer.ts';
import { startRedis, type RedisServer } from '../peers/redis-server.ts';
import { removeData, startHubProcess, temporaryData, tinyModels, untilSettled, type HubProcess } from './hub-process.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe.skipIf(!needPeer('redis-server'))('a worker elsewhere', () => {
  const data = temporaryData();
  let redis: RedisServer;
  let hub: HubProcess;
  let worker: ChildProcess;
  let load: Load | undefined;

  beforeAll(async () => {
    redis = await startRedis();
    await redis.start();
    hub = await startHubProcess({ data, settings: { workers: '0' }, environment: { REDIS_URL: redis.url } });
    const token = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'token', 'add', '--role', 'worker', '--data', data], { encoding: 'utf8' }).stdout.trim();
    worker = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, 'worker', '--hub-url', hub.httpUrl, '--models', await tinyModels(), '--data', mkdtempSync(join(tmpdir(), 'firstread-nothing-'))],
      { stdio: 'ignore', env: { ...process.env, REDIS_URL: redis.url, FIRSTREAD_WORKER_TOKEN: token } },
    );
  });
  afterAll(async () => {
    await load?.stop();
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.kill('SIGTERM');
    await gone;
    await hub?.stop();
    await redis?.close();
    removeData(data);
  });

  test('fetches images over HTTP, answers, and leaves preview pictures', { timeout: 120_000 }, async () => {
    // Chosen on the hub's machine; the worker's own data folder holds nothing.
    const { sha256 } = JSON.parse(readFileSync(join(await tinyModels(), 'tiny-heatmap/model.json'), 'utf8')) as { sha256: string };
    writeSiteThresholds(dataFolder(data).siteThresholds, [{ id: 'tb-1', family: 'tuberculosis', modelSha256: sha256, threshold: 12.3, groups: [], origin: 'test', modelName: 'tiny-heatmap', modelVersion: '0.0.1', appliedAtMs: 1, appliedBy: 'lan', csvSha256: 'c'.repeat(64), operatingPoint: 'sensitivity 0.9', figures: {} }]);
    load = startLoad({ senders: 2, port: () => hub.dicomPort, run: 'remote', pauseMs: 100 });
    await expect.poll(() => load?.acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(6);
    await load.stop();
    const rows = await untilSettled(data, 5, 90_000);
    expect(rows.every(({ findings }) => findings.length === 2)).toBe(true);
    expect(rows.every(({ findings }) => findings.some(({ threshold, siteThreshold }) => threshold === 12.3 && siteThreshold?.id === 'tb-1'))).toBe(true);
    const detail = (await (await hub.api(`/api/studies/${rows[0]?.studyInstanceUid}`)).json()) as { images: { fileKey: string }[] };
    const fileKey = detail.images[0]?.fileKey as string;
    const preview = await hub.api(`/api/instances/${fileKey}/preview`);
    expect(preview.status).toBe(200);
    expect([...new Uint8Array(await preview.arrayBuffer()).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
  });

  test('a worker\'s token opens nothing else', async () => {
    const token = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'token', 'add', '--role', 'worker', '--name', 'second', '--data', data], { encoding: 'utf8' }).stdout.trim();
    const answer = await fetch(`${hub.httpUrl}/api/worklist`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(403);
  });
});
