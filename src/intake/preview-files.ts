/**
 * The folder of previews, as far as removing goes: `ab/<fileKey>.jpg`. A preview goes with its film. What is left without
 * one (a hub that was killed between, a worker that left its picture late, a registry restored from a backup) is swept: a
 * preview is made again from its film when somebody looks, so nothing is lost with it. Leaves out: writing and reading them.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FAN_OUT, isFileKey } from './file-key.ts';
import type { Spool } from './spool.ts';
import type { FileStanding } from './sweep.ts';

/** Writing one takes milliseconds; on a shared mount its clock may be another's. */
const PART_AGE_MS_MIN = 60 * 60_000;
/** The film of one that is not known may be about to be recorded. */
const UNKNOWN_AGE_MS_MIN = 60 * 60_000;
/** After so many files the event loop gets a turn. */
const FILES_PER_TURN = 64;

const PICTURE = /^([0-9a-f]{64})\.jpg$/;
const PART = /^[0-9a-f]{64}\.jpg\.[0-9a-f-]+\.part$/;

/** Inside `exclusively`. Resolves also when there is none. */
export async function removePreview(root: string, fileKey: string): Promise<void> {
  if (isFileKey(fileKey)) await rm(join(root, fileKey.slice(0, 2), `${fileKey}.jpg`), { force: true });
}

export interface PreviewSweepParts {
  readonly root: string;
  readonly spool: Pick<Spool, 'exclusively'>;
  /** What the registry says about a film. */
  readonly standingOf: (fileKey: string) => FileStanding;
  readonly now: () => number;
  /** A file that could not be dealt with; the sweep goes on. */
  readonly onTrouble: (fileKey: string, error: unknown) => void;
  readonly signal?: AbortSignal;
}

/** Removes previews of films that were removed or are not known, and what killed writers left. How many that were. */
export async function sweepPreviews(parts: PreviewSweepParts): Promise<number> {
  const { root, spool, standingOf, now, signal } = parts;
  let removedCount = 0;
  let seen = 0;

  const isOlderThan = async (path: string, ageMs: number): Promise<boolean> => {
    const facts = await stat(path).catch(() => undefined);
    return facts !== undefined && now() - facts.mtimeMs > ageMs;
  };

  async function judge(fan: string, name: string): Promise<void> {
    const path = join(root, fan, name);
    if (PART.test(name)) {
      if (!(await isOlderThan(path, PART_AGE_MS_MIN))) return;
      await rm(path, { force: true });
      removedCount += 1;
      return;
    }
    const fileKey = PICTURE.exec(name)?.[1];
    if (fileKey === undefined || standingOf(fileKey) === 'kept') return;
    await spool.exclusively(fileKey, async () => {
      // Asked in its turn: the film may have come, or come again.
      const standing = standingOf(fileKey);
      if (standing === 'kept' || (standing === 'unknown' && !(await isOlderThan(path, UNKNOWN_AGE_MS_MIN)))) return;
      await removePreview(root, fileKey);
      removedCount += 1;
    });
  }

  for (const fan of FAN_OUT) {
    for (const name of await readdir(join(root, fan)).catch(() => [])) {
      if (signal?.aborted === true) return removedCount;
      if (++seen % FILES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      await judge(fan, name).catch((error: unknown) => parts.onTrouble(name.slice(0, 64), error));
    }
  }
  return removedCount;
}
