import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBullmqQueue, openBullmqSource } from '../../src/queue/bullmq-queue.ts';
import type { JobSource } from '../../src/queue/job-queue.ts';
import { needPeer } from '../peers/need-peer.ts';
import { type RedisServer, startRedis } from '../peers/redis-server.ts';
import { TEST_LIMITS, describeConformance, eventually, names, pause } from './conformance.ts';
import { sampleJob, sampleOutcome } from './sample-jobs.ts';

const hasRedis = needPeer('redis-server');
const LINK_LIMITS = { commandMsMax: 1_000, pingMs: 50, reconnectMsMax: 50 };

describe.skipIf(!hasRedis)('bullmq (needs redis-server)', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());

  function open() {
    const options = { prefix: randomUUID(), linkLimits: LINK_LIMITS };
    const hub = openBullmqQueue(redis.url, TEST_LIMITS, options);
    const sources: JobSource[] = [];
    return {
      hub,
      openSource() {
        const source = openBullmqSource(redis.url, TEST_LIMITS, options);
        sources.push(source);
        return source;
      },
      async close() {
        for (const source of sources) await source.close();
        await hub.close();
      },
    };
  }

  describeConformance('bullmq', async () => open());

  test('Redis killed and back: add is refused in bounded time, what was added is still there, all goes on', async () => {
    const { hub, openSource, close } = open();
    const source = openSource();
    let recovered = 0;
    hub.onRecovered(() => recovered++);
    await hub.add([sampleJob(1), sampleJob(2)]);
    const [claimed] = await source.claim(1, 5_000);
    await pause(1_200); // appendfsync everysec
    await redis.kill();
    await eventually(async () => !hub.healthy());
    await expect(hub.add([sampleJob(3)])).rejects.toMatchObject({ code: 'queue-unavailable' });
    await expect(hub.ended(10)).rejects.toMatchObject({ code: 'queue-unavailable' });
    expect(await source.claim(1, 50)).toEqual([]);
    await expect(source.complete(claimed!, sampleOutcome())).rejects.toMatchObject({ code: 'queue-unavailable' });

    await redis.start();
    await eventually(async () => hub.healthy() && recovered > 0);
    await hub.add([sampleJob(3)]);
    const done = new Set<string>();
    await eventually(async () => {
      for (const each of await source.claim(4, 200)) {
        expect(await source.complete(each, sampleOutcome())).toBe('accepted');
        done.add(names([each])[0]!);
      }
      return done.size === 3;
    });
    expect((await hub.ended(10)).map((end) => end.job.studyInstanceUid).sort()).toEqual(['1.2.1', '1.2.2', '1.2.3']);
    await close();
  });

  test('Redis frozen: commands are given up, not awaited for ever; after the thaw they succeed', async () => {
    const { hub, close } = open();
    await hub.add([sampleJob(1)]);
    redis.freeze();
    try {
      await expect(hub.add([sampleJob(2)])).rejects.toMatchObject({ code: 'queue-unavailable' });
      expect(hub.healthy()).toBe(false);
    } finally {
      redis.thaw();
    }
    await eventually(async () => hub.healthy());
    await hub.add([sampleJob(2)]);
    expect((await hub.counts()).waiting).toBe(2);
    await close();
  });

  test('an answer that met a frozen Redis may be given again, and counts once', async () => {
    const options = { prefix: randomUUID(), linkLimits: LINK_LIMITS };
    const limits = { ...TEST_LIMITS, leaseMs: 20_000 };
    const hub = openBullmqQueue(redis.url, limits, options);
    const source = openBullmqSource(redis.url, limits, options);
    await hub.add([sampleJob(1)]);
    const [claimed] = await source.claim(1, 5_000);
    redis.freeze();
    try {
      await expect(source.complete(claimed!, sampleOutcome('first'))).rejects.toMatchObject({ code: 'queue-unavailable' });
      await expect(source.extend(claimed!)).rejects.toMatchObject({ code: 'queue-unavailable' });
    } finally {
      redis.thaw();
    }
    await eventually(async () => source.complete(claimed!, sampleOutcome('first')).then(() => true, () => false));
    expect(await hub.ended(10)).toMatchObject([{ kind: 'completed', outcome: sampleOutcome('first') }]);
    await source.close();
    await hub.close();
  });

  test('FLUSHALL: known() says so, jobs added again run, answers to lost jobs are stale', async () => {
    const { hub, openSource, close } = open();
    const source = openSource();
    await hub.add([sampleJob(1), sampleJob(2)]);
    const [lost] = await source.claim(1, 5_000);
    const wiper = new Redis(redis.url);
    await wiper.flushall();
    wiper.disconnect();

    expect(await hub.known([sampleJob(1).jobId, sampleJob(2).jobId])).toEqual(new Set());
    expect(await source.complete(lost!, sampleOutcome())).toBe('stale');
    await hub.add([sampleJob(1), sampleJob(2)]);
    expect(names(await eventually(async () => {
      const claims = await source.claim(2, 500);
      return claims.length === 2 && claims;
    }))).toEqual(['1', '2']);
    await close();
  });

  test('Redis away from the start: opening works, adding is refused, and it recovers when Redis comes', async () => {
    await redis.kill();
    const { hub, openSource, close } = open();
    const source = openSource();
    await expect(hub.add([sampleJob(1)])).rejects.toMatchObject({ code: 'queue-unavailable' });
    expect(await source.claim(1, 100)).toEqual([]);
    await redis.start();
    await eventually(async () => hub.healthy());
    await hub.add([sampleJob(1)]);
    expect(await eventually(async () => (await source.claim(1, 500)).length === 1)).toBe(true);
    await close();
  });
});
