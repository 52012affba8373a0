/**
 * The receiving half of the hub as a process of its own for bench:receive: listener → intake → spool (fsync, rename, fsync
 * of the folder) → registry commit → 0000H. No worker, no page: what is measured is the receiving.
 *
 * node receive-hub.ts DATA → prints its port, serves until its input closes
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startListener } from '../src/dimse/listener.ts';
import { OPEN_ADMISSION } from '../src/intake/admission.ts';
import { FREE_SPACE_LIMITS, openFreeSpace } from '../src/intake/free-space.ts';
import { createStoreSink } from '../src/intake/receive.ts';
import { createSpool } from '../src/intake/spool.ts';
import { openRegistry } from '../src/registry/registry.ts';

const data = process.argv[2]!;
mkdirSync(data, { recursive: true });
const registry = openRegistry(join(data, 'registry.sqlite'));
const spool = await createSpool(join(data, 'spool'));
const freeSpace = await openFreeSpace(data, FREE_SPACE_LIMITS, Date.now);
const sink = createStoreSink({
  spool,
  freeSpace,
  admission: OPEN_ADMISSION,
  now: Date.now,
  registrar: { record: async (stored) => (await registry.recordInstanceDurably(stored, { stat: false, inpatient: false }, Date.now())).kind },
});
const listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: sink });
console.log(listener.port);
process.stdin.resume().on('end', async () => {
  await listener.close({ graceMs: 1000 });
  registry.close();
});
