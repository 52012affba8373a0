/**
 * kill -9 before every step of receiving, one data folder through all of it. After each death the oracle: what was
 * acknowledged is in the registry, what is in the registry is in the spool, byte for byte.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSpool } from '../../src/intake/spool.ts';
import { sweepSpool } from '../../src/intake/sweep.ts';
import { openRegistry } from '../../src/registry/registry.ts';

const CHILD = fileURLToPath(new URL('./spool-child.ts', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firstread-kill-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const acknowledged = new Map<string, string>();
let runs = 0;

/** Runs the child to its death or end; `killAfterMs` kills it from outside. */
async function runChild(killAt: number, killAfterMs?: number): Promise<{ died: boolean; lines: string[] }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, folder, String(runs++), String(killAt)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (piece: Buffer) => {
    if (text === '' && killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    text += piece.toString();
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  // A line that is not whole was never heard.
  const lines = text.split('\n').slice(0, -1);
  for (const line of lines) {
    const [word, uid, sha256] = line.split(' ');
    if (word === 'ACK') acknowledged.set(uid!, sha256!);
  }
  expect(lines.filter((line) => line.startsWith('REFUSED'))).toEqual([]);
  expect(signal === 'SIGKILL' || code === 0, `exit code ${code}`).toBe(true);
  return { died: signal === 'SIGKILL', lines };
}

/** Opening removes the torsos, as the next start would. */
async function assertOracle(hint: string): Promise<void> {
  const registry = openRegistry(join(folder, 'registry.sqlite'), { readOnly: true });
  const spool = await createSpool(join(folder, 'spool'));
  for (const [uid, sha256] of acknowledged) expect(registry.instance(uid, sha256), `${hint}: ${uid} acknowledged, not in the registry`).toBeDefined();
  for (const fileKey of registry.fileKeys('', 10_000)) {
    expect(await spool.contentHash('instances', fileKey), `${hint}: ${fileKey} in the registry, not in the spool`).toBe(registry.fileKeyRow(fileKey)!.contentSha256);
  }
  expect(await readdir(join(folder, 'spool', 'incoming'))).toEqual([]);
  registry.close();
}

test('killed before every step, then at random moments: nothing acknowledged is lost', { timeout: 300_000 }, async () => {
  const whole = await runChild(0);
  const stepCount = Number(whole.lines.find((line) => line.startsWith('DONE'))!.split(' ')[1]);
  expect(stepCount).toBeGreaterThan(30);
  // In run 0 the first object is the one that comes in every run.
  expect(acknowledged.size).toBe(2);

  for (let killAt = 1; killAt <= stepCount; killAt++) {
    await runChild(killAt);
    await assertOracle(`killed before step ${killAt}`);
  }
  for (let round = 0; round < 10; round++) {
    await runChild(0, round * 3);
    await assertOracle(`killed ${round * 3} ms after opening`);
  }

  // The children did work before they died.
  expect(acknowledged.size).toBeGreaterThan(stepCount / 4);

  // What was durable but not yet recorded when its process died is found and recorded, not lost and not deleted.
  const registry = openRegistry(join(folder, 'registry.sqlite'));
  const spool = await createSpool(join(folder, 'spool'));
  const report = await sweepSpool({
    spool,
    standingOf: (fileKey) => (registry.fileKeyRow(fileKey) === undefined ? 'unknown' : 'kept'),
    registrar: { record: async (stored) => (await registry.recordInstanceDurably(stored, { stat: false, inpatient: false }, Date.now())).kind },
    removePreview: async () => {},
    now: Date.now,
    ageMsMin: 0,
    onTrouble: (fileKey, error) => {
      throw new Error(fileKey, { cause: error });
    },
  });
  expect(report.adopted.length).toBeGreaterThan(0);
  expect(registry.fileKeys('', 10_000)).toHaveLength(report.fileCount);
  registry.close();
});
