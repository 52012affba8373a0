/** The hub on Redis: it is killed under load, comes back, is flushed. Intake never notices; nothing is lost or done twice. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { removeData, startHubProcess, temporaryData, untilSettled, type HubProcess } from '../e2e/hub-process.ts';
import { needPeer } from '../peers/need-peer.ts';
import { startRedis, type RedisServer } from '../peers/redis-server.ts';
import { startLoad, type Load } from './load.ts';
import { judgeData } from './oracle.ts';

describe.skipIf(!needPeer('redis-server'))('hub with REDIS_URL', () => {
  const data = temporaryData();
  let redis: RedisServer;
  let hub: HubProcess;
  let load: Load;

  beforeAll(async () => {
    redis = await startRedis();
    await redis.start();
    hub = await startHubProcess({ data, environment: { REDIS_URL: redis.url } });
  });
  afterAll(async () => {
    await load?.stop();
    await hub?.stop();
    await redis?.close();
    removeData(data);
  });

  test('killed, flushed and wiped under load: every image stored, every study answered once', { timeout: 240_000 }, async () => {
    load = startLoad({ senders: 2, port: () => hub.dicomPort, run: 'redis', pauseMs: 60 });
    await pause(2_000);
    await redis.kill();
    const whenKilled = load.acknowledged.size;
    await pause(3_000);
    // Images go on being stored while Redis is away.
    expect(load.acknowledged.size).toBeGreaterThan(whenKilled + 5);
    expect((await fetch(`${hub.httpUrl}/readyz`)).status).toBe(200);
    await redis.start();
    await pause(1_500);
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    await pause(1_500);
    await load.stop();
    const rows = await untilSettled(data, 20, 120_000);
    expect(rows.length).toBeGreaterThan(20);
    expect(judgeData(data, load.acknowledged.values())).toMatchObject({ lost: [], notInSpool: [], unsettled: [], duplicateReports: [] });
  });
});
