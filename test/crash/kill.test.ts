/** kill -9 of hub and worker at random under load; the long form is `npm run soak`. */
import { afterAll, expect, test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '../../fixtures/canvas.ts';
import { removeData, startHubProcess, temporaryData, untilSettled, type HubProcess } from '../e2e/hub-process.ts';
import { startLoad } from './load.ts';
import { judgeData } from './oracle.ts';
import { workerPids } from './worker-pids.ts';

const data = temporaryData();
afterAll(() => removeData(data));

test('hub and worker killed again and again: nothing acknowledged is lost, nothing is reported twice', { timeout: 180_000 }, async () => {
  const random = createRandom(20261121);
  let hub: HubProcess | undefined;
  const load = startLoad({ senders: 3, port: () => hub?.dicomPort, run: 'kill', pauseMs: 20 });
  for (let round = 0; round < 6; round++) {
    hub = await startHubProcess({ data, waitFor: round % 2 === 0 ? 'ready' : 'listening' });
    await pause(200 + random() * 1_200);
    if (round % 3 === 1) {
      for (const pid of workerPids(hub.process.pid as number)) process.kill(pid, 'SIGKILL');
      await pause(300 + random() * 500);
    }
    const dying = hub;
    hub = undefined;
    await dying.kill();
  }
  hub = await startHubProcess({ data });
  await pause(500);
  await load.stop();
  await untilSettled(data, 1, 120_000);
  expect(await hub.stop()).toBe(0);

  const verdict = judgeData(data, load.acknowledged.values());
  expect(load.acknowledged.size).toBeGreaterThan(20);
  expect(verdict).toMatchObject({ lost: [], notInSpool: [], unsettled: [], duplicateReports: [] });
  expect(verdict.reportCount).toBeGreaterThan(20);
});
