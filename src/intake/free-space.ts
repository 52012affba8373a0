/**
 * The floor under the disk: how much is free, asked of the file system at most every `pollMs` and predicted between
 * by what has been written since, so that answering is a comparison and not a system call. Below the floor objects
 * are refused with A700H while the registry, the queue and the logs still have room to say so; it recovers by itself.
 */
import { statfs } from 'node:fs/promises';

export interface DiskFacts {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface FreeSpaceLimits {
  /** Refuse when less than this would stay free. Undefined: the larger of 2 GiB and 2 % of the disk. */
  readonly floorBytes: number | undefined;
  /** An answer older than this is asked again. */
  readonly pollMs: number;
}

export const FREE_SPACE_LIMITS: FreeSpaceLimits = {
  floorBytes: undefined,
  /** At 1 GB/s half a second is 500 MB, a quarter of the smallest default floor, and it is predicted besides. */
  pollMs: 500,
};

const FLOOR_BYTES_MIN = 2 * 1024 ** 3;
const FLOOR_FRACTION = 0.02;

export interface FreeSpace {
  /** May `byteLength` more bytes come? Asks the disk again in the background when the last answer is old. */
  hasRoom(byteLength: number): boolean;
  /** Bytes have been written (predicted until the next poll). */
  spent(byteLength: number): void;
  /** Asks the disk now. */
  refresh(): Promise<DiskFacts>;
  facts(): DiskFacts & { readonly floorBytes: number };
}

export async function openFreeSpace(
  folder: string,
  limits: FreeSpaceLimits,
  now: () => number,
  askDisk: (folder: string) => Promise<DiskFacts> = askFileSystem,
): Promise<FreeSpace> {
  let facts = await askDisk(folder);
  let askedAtMs = now();
  let spentSince = 0;
  let asking: Promise<DiskFacts> | undefined;

  const floorBytes = (): number => limits.floorBytes ?? Math.max(FLOOR_BYTES_MIN, facts.totalBytes * FLOOR_FRACTION);

  function refresh(): Promise<DiskFacts> {
    const spentBefore = spentSince;
    asking ??= askDisk(folder)
      .then((found) => {
        facts = found;
        // What was written while the question was under way may or may not be in the answer: count it.
        spentSince -= spentBefore;
        return found;
      })
      .finally(() => {
        askedAtMs = now();
        asking = undefined;
      });
    return asking;
  }

  return {
    hasRoom(byteLength) {
      // A disk that cannot be asked keeps its last answer; writing to it will tell.
      if (now() - askedAtMs >= limits.pollMs) refresh().catch(() => {});
      return facts.freeBytes - spentSince - byteLength >= floorBytes();
    },
    spent(byteLength) {
      spentSince += byteLength;
    },
    refresh,
    facts: () => ({ freeBytes: Math.max(0, facts.freeBytes - spentSince), totalBytes: facts.totalBytes, floorBytes: floorBytes() }),
  };
}

async function askFileSystem(folder: string): Promise<DiskFacts> {
  const found = await statfs(folder);
  return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
}
