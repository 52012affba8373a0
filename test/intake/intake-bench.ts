/** A store sink on a given disk with a registrar in memory, and a sender that pushes a data set through it. */
import type { StoreRequest, StoreSink, StoreStatus } from '../../src/dimse/store-port.ts';
import { OPEN_ADMISSION } from '../../src/intake/admission.ts';
import type { FreeSpace } from '../../src/intake/free-space.ts';
import { type Registrar, type StoreOutcome, type StoredInstance, createStoreSink } from '../../src/intake/receive.ts';
import { type Spool, type SpoolLimits, SPOOL_LIMITS, createSpool } from '../../src/intake/spool.ts';
import type { SpoolFileSystem } from '../../src/intake/spool-file-system.ts';
import { storeRequest } from './sample-object.ts';

export const ROOMY: FreeSpace = {
  hasRoom: () => true,
  spent: () => {},
  refresh: async () => ROOMY.facts(),
  facts: () => ({ freeBytes: 1e12, totalBytes: 2e12, floorBytes: 0 }),
};

/** Durable the moment it resolves; `rows` is what a registry would hold. */
export class MemoryRegistrar implements Registrar {
  readonly rows = new Map<string, StoredInstance>();
  failWith: Error | undefined;

  async record(stored: StoredInstance) {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failWith) throw this.failWith;
    const key = `${stored.header.sopInstanceUid} ${stored.contentSha256}`;
    if (this.rows.has(key)) return 'duplicate';
    const other = [...this.rows.values()].some((row) => row.header.sopInstanceUid === stored.header.sopInstanceUid);
    this.rows.set(key, stored);
    return other ? 'same-uid-other-bytes' : 'stored';
  }
}

export interface Bench {
  readonly spool: Spool;
  readonly sink: StoreSink;
  readonly registrar: MemoryRegistrar;
  readonly outcomes: StoreOutcome[];
}

export async function openBench(root: string, fileSystem: SpoolFileSystem | undefined, options: { limits?: Partial<SpoolLimits>; headerBytesMax?: number; freeSpace?: FreeSpace; registrar?: MemoryRegistrar } = {}): Promise<Bench> {
  const spool = await createSpool(root, fileSystem, { ...SPOOL_LIMITS, ...options.limits });
  const registrar = options.registrar ?? new MemoryRegistrar();
  const outcomes: StoreOutcome[] = [];
  const sink = createStoreSink({
    spool,
    registrar,
    admission: OPEN_ADMISSION,
    freeSpace: options.freeSpace ?? ROOMY,
    now: () => Date.now(),
    onOutcome: (outcome) => outcomes.push(outcome),
    ...(options.headerBytesMax === undefined ? {} : { limits: { headerBytesMax: options.headerBytesMax } }),
  });
  return { spool, sink, registrar, outcomes };
}

/** Sends in fragments out of one buffer that is overwritten after each write, as a socket's buffer is. */
export async function sendObject(sink: StoreSink, dataSet: Uint8Array, request: StoreRequest = storeRequest(), fragmentBytes = 16_000): Promise<StoreStatus> {
  const receiver = sink.begin(request);
  if ('status' in receiver) return receiver;
  const window = new Uint8Array(fragmentBytes);
  for (let at = 0; at < dataSet.byteLength; at += fragmentBytes) {
    const length = Math.min(fragmentBytes, dataSet.byteLength - at);
    window.set(dataSet.subarray(at, at + length));
    await receiver.write(window.subarray(0, length));
    window.fill(0xee);
  }
  return receiver.commit();
}
