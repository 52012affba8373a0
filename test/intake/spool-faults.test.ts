/**
 * The promise under fault: acknowledged ⊆ registry ⊆ spool, byte for byte, whatever operation fails and whenever the
 * power goes. Every operation of the scenario is the failing one once; a seed decides what an unsynced disk keeps.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSpool } from '../../src/intake/spool.ts';
import { SPOOL_LIMITS } from '../../src/intake/spool.ts';
import { KILLED, MUTATIONS, type FaultyFileSystem, createFaultyFileSystem, errnoError } from './faulty-file-system.ts';
import { MemoryRegistrar, openBench, sendObject } from './intake-bench.ts';
import { sampleDataSet, storeRequest } from './sample-object.ts';

const ROOT = '/data/spool';
/** Small chunks: an object of 20 kB is written in five pieces and synced twice on the way. */
const LIMITS = { chunkBytes: 4096, earlySyncBytes: 8192 };
const OBJECTS = ['1.2.1', '1.2.2', '1.2.3'].map((sopInstanceUid, index) => ({ sopInstanceUid, dataSet: sampleDataSet({ sopInstanceUid, pixelBytes: 20_000, fill: index }) }));
const [A, B, C] = OBJECTS as [Sample, Sample, Sample];
type Sample = (typeof OBJECTS)[number];

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A small generator (mulberry32): a failing case is named by its seed. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

async function assertOracle(fileSystem: FaultyFileSystem, registrar: MemoryRegistrar, acknowledged: readonly Sample[], hint: string): Promise<void> {
  const spool = await createSpool(ROOT, fileSystem, { ...SPOOL_LIMITS, ...LIMITS });
  for (const { sopInstanceUid, dataSet } of acknowledged) {
    expect(registrar.rows.has(`${sopInstanceUid} ${sha256(dataSet)}`), `${hint}: ${sopInstanceUid} acknowledged, not in the registry`).toBe(true);
  }
  for (const row of registrar.rows.values()) {
    expect(await spool.contentHash('instances', row.fileKey), `${hint}: ${row.header.sopInstanceUid} in the registry, not in the spool`).toBe(row.contentSha256);
  }
  expect(await fileSystem.list(`${ROOT}/incoming`), `${hint}: torsos left`).toEqual([]);
}

/** Runs sends one after the other; tells for each its status and which operations it took. */
async function sendInTurn(fileSystem: FaultyFileSystem, samples: readonly Sample[], registrar: MemoryRegistrar) {
  const { sink } = await openBench(ROOT, fileSystem, { limits: LIMITS, registrar });
  const opened = fileSystem.journal.length;
  const sends = [];
  for (const sample of samples) {
    const first = fileSystem.journal.length + 1;
    const { status } = await sendObject(sink, sample.dataSet, storeRequest(sample.sopInstanceUid), 3000);
    sends.push({ sample, status, first, last: fileSystem.journal.length });
  }
  return { sink, opened, sends };
}

const SCENARIO = [A, B, A, C];

for (const code of ['EIO', 'ENOSPC']) {
  test(`the Nth operation fails with ${code}, for every N: never 0000H for that object, and the next try succeeds`, async () => {
    const rehearsal = createFaultyFileSystem();
    const { opened } = await sendInTurn(rehearsal, SCENARIO, new MemoryRegistrar());
    expect(rehearsal.journal.length - opened).toBeGreaterThan(40);

    for (let failAt = opened + 1; failAt <= rehearsal.journal.length; failAt++) {
      const fileSystem = createFaultyFileSystem();
      const registrar = new MemoryRegistrar();
      let failed: string | undefined;
      fileSystem.before = (operation, _path, index) => {
        if (index !== failAt) return;
        failed = operation;
        throw errnoError(code);
      };
      const { sink, sends } = await sendInTurn(fileSystem, SCENARIO, registrar);
      const hint = `operation ${failAt} (${failed})`;
      const hit = sends.find(({ first, last }) => first <= failAt && failAt <= last)!;
      if (MUTATIONS.has(failed as never)) expect(hit.status, hint).toBe(0xa700);
      for (const send of sends) if (send !== hit) expect(send.status, hint).toBe(0);
      fileSystem.before = () => {};
      if (hit.status !== 0) expect((await sendObject(sink, hit.sample.dataSet, storeRequest(hit.sample.sopInstanceUid))).status, hint).toBe(0);
      await assertOracle(fileSystem, registrar, SCENARIO, hint);
      await assertOracle(fileSystem.afterPowerCut(seeded(failAt)), registrar, SCENARIO, `${hint}, then the power goes`);
    }
  });
}

test('every operation of opening fails once: the spool does not open, and opens the next time', async () => {
  const rehearsal = createFaultyFileSystem();
  await createSpool(ROOT, rehearsal, SPOOL_LIMITS);
  const interesting = rehearsal.journal.map((_, index) => index + 1).filter((index) => index < 20 || index > rehearsal.journal.length - 20 || index % 50 === 0);
  for (const failAt of interesting) {
    const fileSystem = createFaultyFileSystem();
    fileSystem.before = (_operation, _path, index) => {
      if (index === failAt) throw errnoError('EIO');
    };
    await expect(createSpool(ROOT, fileSystem, SPOOL_LIMITS)).rejects.toThrow('EIO');
    await new Promise((resolve) => setTimeout(resolve, 5));
    fileSystem.before = () => {};
    await createSpool(ROOT, fileSystem, SPOOL_LIMITS);
  }
});

interface CutScenario {
  readonly name: string;
  /** Starts sends; each is acknowledged or not. */
  run(send: (sample: Sample) => Promise<void>): Promise<unknown>;
}

const CUT_SCENARIOS: readonly CutScenario[] = [
  { name: 'one after the other', run: async (send) => { for (const sample of SCENARIO) await send(sample); } },
  { name: 'all at once, one of them three times', run: (send) => Promise.all([A, B, A, C, A].map(send)) },
];

/** Cuts the power at operation `cutAt`; returns what was acknowledged before, and the disk with its registry after. */
async function cutPower(scenario: CutScenario, cutAt: number, seed: number, spoil: (fileSystem: FaultyFileSystem) => void = () => {}) {
  const fileSystem = createFaultyFileSystem();
  spoil(fileSystem);
  const registrar = new MemoryRegistrar();
  const acknowledged: Sample[] = [];
  const { sink } = await openBench(ROOT, fileSystem, { limits: LIMITS, registrar });
  const opened = fileSystem.journal.length;
  fileSystem.before = (_operation, _path, index) => {
    if (index - opened >= cutAt) throw errnoError('EIO');
  };
  await scenario.run(async (sample) => {
    const { status } = await sendObject(sink, sample.dataSet, storeRequest(sample.sopInstanceUid), 3000);
    if (status === 0) acknowledged.push(sample);
  });
  const after = fileSystem.afterPowerCut(seeded(seed));
  return { after, registrar, acknowledged, operationCount: fileSystem.journal.length - opened };
}

describe('power cut at every operation', () => {
  for (const scenario of CUT_SCENARIOS) {
    test(`${scenario.name}: nothing acknowledged is lost`, async () => {
      const { operationCount, acknowledged } = await cutPower(scenario, Number.POSITIVE_INFINITY, 0);
      expect(acknowledged.length).toBeGreaterThanOrEqual(4);
      for (let cutAt = 1; cutAt <= operationCount + 1; cutAt++) {
        for (let seed = 1; seed <= 3; seed++) {
          const { after, registrar, acknowledged } = await cutPower(scenario, cutAt, cutAt * 1000 + seed);
          await assertOracle(after, registrar, acknowledged, `cut at ${cutAt}, seed ${seed}`);
        }
      }
    });
  }

  test('killed at every operation of the first start or a send, started again, sent again, then the power goes', async () => {
    const rehearsal = createFaultyFileSystem();
    await sendInTurn(rehearsal, [A], new MemoryRegistrar());
    const all = rehearsal.journal.map((_, index) => index + 1);
    for (const killAt of all.filter((index) => index < 10 || index % 40 === 0 || index > all.length - 30)) {
      const fileSystem = createFaultyFileSystem();
      const registrar = new MemoryRegistrar();
      fileSystem.before = (_operation, _path, index) => {
        if (index >= killAt) throw errnoError(KILLED);
      };
      await sendInTurn(fileSystem, [A], registrar).catch(() => {});
      // A killed process leaves what it did visible, but not durable.
      await new Promise((resolve) => setTimeout(resolve, 2));
      fileSystem.before = () => {};
      const { sends } = await sendInTurn(fileSystem, [A], registrar);
      expect(sends[0]!.status).toBe(0);
      for (let seed = 0; seed < 6; seed++) await assertOracle(fileSystem.afterPowerCut(seeded(killAt * 10 + seed)), registrar, [A], `killed at ${killAt}, seed ${seed}`);
    }
  });

  for (const omitted of ['sync', 'syncDirectory'] as const) {
    test(`the oracle has eyes: on a disk that skips ${omitted}, images are lost`, async () => {
      const lie = (fileSystem: FaultyFileSystem): void => {
        if (omitted === 'syncDirectory') fileSystem.syncDirectory = async () => {};
        const { create } = fileSystem;
        if (omitted === 'sync') fileSystem.create = async (path) => ({ ...(await create(path)), sync: async () => {} });
      };
      let lost = 0;
      for (let seed = 1; seed <= 20; seed++) {
        const { after, registrar, acknowledged } = await cutPower(CUT_SCENARIOS[0]!, Number.POSITIVE_INFINITY, seed, lie);
        await assertOracle(after, registrar, acknowledged, '').catch(() => lost++);
      }
      expect(lost).toBeGreaterThan(10);
    });
  }
});
