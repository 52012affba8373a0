/**
 * A receiving process that is told where to die: spool and registry as the hub has them, objects streamed in, one line
 * on stdout for each acknowledgement. Arguments: data folder, run number, number of the step before which to kill -9
 * itself (0: never). Steps are file operations after opening, and before and after the registry's commit.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { OPEN_ADMISSION } from '../../src/intake/admission.ts';
import { createStoreSink } from '../../src/intake/receive.ts';
import { SPOOL_LIMITS, createSpool } from '../../src/intake/spool.ts';
import { type SpoolFileSystem, realFileSystem } from '../../src/intake/spool-file-system.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { ROOMY, sendObject } from '../intake/intake-bench.ts';
import { sampleDataSet, storeRequest } from '../intake/sample-object.ts';

const [folder, run, killAt] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
let stepCount = 0;
let counting = false;

function step(): void {
  if (counting && ++stepCount === killAt) process.kill(process.pid, 'SIGKILL');
}

const mortal: SpoolFileSystem = {
  ...realFileSystem,
  async create(path) {
    step();
    const file = await realFileSystem.create(path);
    return {
      append: (bytes) => (step(), file.append(bytes)),
      sync: () => (step(), file.sync()),
      close: () => (step(), file.close()),
    };
  },
  rename: (from, to) => (step(), realFileSystem.rename(from, to)),
  syncDirectory: (path) => (step(), realFileSystem.syncDirectory(path)),
  remove: (path) => (step(), realFileSystem.remove(path)),
};

const registry = openRegistry(join(folder, 'registry.sqlite'));
const spool = await createSpool(join(folder, 'spool'), mortal, { ...SPOOL_LIMITS, chunkBytes: 16_384, earlySyncBytes: 32_768 });
const sink = createStoreSink({
  spool,
  registrar: {
    async record(stored) {
      step();
      const { kind } = await registry.recordInstanceDurably(stored, { stat: false, inpatient: false }, Date.now());
      step();
      return kind;
    },
  },
  admission: OPEN_ADMISSION,
  freeSpace: ROOMY,
  now: Date.now,
});
console.log('OPEN');
counting = true;

async function send(uid: string): Promise<void> {
  const dataSet = sampleDataSet({ sopInstanceUid: uid, studyInstanceUid: uid.slice(0, -2), pixelBytes: 60_000 });
  const { status } = await sendObject(sink, dataSet, storeRequest(uid));
  if (status === 0) console.log(`ACK ${uid} ${createHash('sha256').update(dataSet).digest('hex')}`);
  else console.log(`REFUSED ${uid} ${status}`);
}

// One alone, so that most deaths come after an acknowledgement; then a new one beside one that came in every run before.
await send(`1.2.${run}.1`);
await Promise.all([send(`1.2.${run}.2`), send('1.2.0.1')]);
console.log(`DONE ${stepCount}`);
registry.close();
process.exit(0);
