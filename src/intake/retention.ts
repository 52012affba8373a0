/**
 * Makes room: removes files of studies that a human has read or closed and whose deliveries are done, by age and, when
 * the disk runs low, the longest gone first. The registry decides what that is; nothing else is ever removed.
 *
 * Order under a crash: the registry marks the row first, then the file goes. A file whose row is marked is finished off
 * by the sweep of the next start; a file that came again in between has its mark lifted by the registry, and stays.
 */
import type { FreeSpace } from './free-space.ts';
import type { Spool } from './spool.ts';

export interface RemovableFile {
  readonly fileKey: string;
  readonly studyInstanceUid: string;
  readonly byteLength: number;
  /** When the study left the worklist. */
  readonly leftAtMs: number;
}

/** PORT to the registry. */
export interface RetentionRegistry {
  /** Marks as removed, in one commit with finding them, up to `limit` files of studies that left before; longest gone first. */
  takeRemovable(leftBeforeMs: number, limit: number): readonly RemovableFile[];
  /** Is the row still marked? */
  isRemoved(fileKey: string): boolean;
}

export interface RetentionLimits {
  /** Files older than this (since the study left the list) go even when there is room; undefined: kept as long as there is. */
  readonly keptDaysMax: number | undefined;
  /** Free space that is aimed at, as a multiple of the floor below which intake refuses. */
  readonly headroom: number;
  /** Rows marked in one commit. */
  readonly batchCount: number;
  /** Files removed in one run: it takes its turn with intake on the same disk. */
  readonly filesPerRunMax: number;
}

export const RETENTION_LIMITS: RetentionLimits = {
  /** Two weeks: a second look, a dispute with the PACS. */
  keptDaysMax: 14,
  /** Start well before intake has to refuse. */
  headroom: 2,
  batchCount: 20,
  filesPerRunMax: 5_000,
};

export interface Removal extends RemovableFile {
  readonly why: 'age' | 'free-space';
}

export interface RetentionParts {
  readonly registry: RetentionRegistry;
  readonly spool: Pick<Spool, 'exclusively' | 'remove'>;
  readonly freeSpace: Pick<FreeSpace, 'facts' | 'refresh'>;
  readonly limits: RetentionLimits;
  readonly now: () => number;
  /** One entry in the journal for each file, after it is gone. */
  readonly onRemoved: (removal: Removal) => void;
}

const DAY_MS = 86_400_000;

/** One run; resolves with what was removed. Rejects when the registry or the disk fails: what is marked is swept later. */
export async function runRetention(parts: RetentionParts): Promise<readonly Removal[]> {
  const { registry, spool, freeSpace, limits, now } = parts;
  const removed: Removal[] = [];

  async function removeUntil(why: Removal['why'], leftBeforeMs: number, isEnough: () => Promise<boolean>): Promise<void> {
    while (removed.length < limits.filesPerRunMax && !(await isEnough())) {
      const batch = registry.takeRemovable(leftBeforeMs, limits.batchCount);
      for (const file of batch) {
        const gone = await spool.exclusively(file.fileKey, async () => {
          // It may have been sent again since: then it is a new image to be read.
          if (!registry.isRemoved(file.fileKey)) return false;
          await spool.remove('instances', file.fileKey);
          return true;
        });
        if (!gone) continue;
        const removal: Removal = { ...file, why };
        removed.push(removal);
        parts.onRemoved(removal);
      }
      if (batch.length < limits.batchCount) return;
    }
  }

  if (limits.keptDaysMax !== undefined) await removeUntil('age', now() - limits.keptDaysMax * DAY_MS, async () => false);
  await removeUntil('free-space', now(), async () => {
    const { freeBytes } = await freeSpace.refresh();
    return freeBytes >= freeSpace.facts().floorBytes * limits.headroom;
  });
  return removed;
}
