/** The engine over a thread that does what a test says: when a run counts as hung, and what then becomes of the others. */
import { afterEach, expect, test } from 'vitest';
import { isBehindStuckRun, isStuck, openEngineInThread } from '../../src/inference/model-thread-engine.ts';
import type { ThreadEngineLimits } from '../../src/inference/model-thread-engine.ts';
import type { ModelEngine } from '../../src/inference/model-engine.ts';
import type { StubModel } from './stub-model-thread.ts';

const NEVER = 255;
const thread = new URL('./stub-model-thread.ts', import.meta.url);
const picture = (hundredths: number): Uint8Array => Uint8Array.of(hundredths);
let engine: ModelEngine | undefined;

async function open(model: Partial<StubModel>, limits: Partial<ThreadEngineLimits> = {}): Promise<ModelEngine> {
  const options = { provider: { name: 'cpu', deviceId: 0 }, intraOpThreads: 1, batchMax: 1 } as const;
  engine = await openEngineInThread({ warmUpMs: 1, deaf: false, ...model } as never, options, { thread, runDeadlineMs: 1_000, closeMsMax: 20_000, ...limits });
  return engine;
}

afterEach(async () => {
  await engine?.close().catch(() => undefined);
});

test('a run that is not done after its deadline has hung; what waits behind it has not, and nothing runs any more', async () => {
  const one = await open({});
  await one.run(0, picture(0), 1);
  const hung = one.run(0, picture(NEVER), 1);
  const behind = one.run(0, picture(NEVER), 1);
  await expect(hung).rejects.toSatisfy((error) => isStuck(error) && !isBehindStuckRun(error) && /stub: a batch of 1 has run for \d+ s/.test(error.message));
  await expect(behind).rejects.toSatisfy(isBehindStuckRun);
  await expect(one.run(0, picture(0), 1)).rejects.toSatisfy(isBehindStuckRun);
  // It would not end: nobody waits for it.
  await expect(one.close()).rejects.toSatisfy(isStuck);
});

test('a model that was slow at warm-up has twenty times as long', async () => {
  const slow = await open({ warmUpMs: 60_000 });
  // Two and a half seconds: a quick one has hung by the second tick after its deadline of one.
  await expect(slow.run(0, picture(254), 1)).resolves.toEqual({});
});

test('a thread that does not end when told is not waited for', async () => {
  const deaf = await open({ deaf: true }, { closeMsMax: 100 });
  await deaf.run(0, picture(0), 1);
  await expect(deaf.close()).rejects.toMatchObject({ code: 'model-run-stuck', message: expect.stringContaining('100 ms') });
});
