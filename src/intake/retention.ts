/**
 * Makes room: removes films of studies that a human has read or closed and whose deliveries are done, and the pictures that
 * we made of their findings, by age and, when the disk runs low, the longest gone first. The registry decides what that is;
 * nothing else is ever removed. Structured reports are small, and stay.
 *
 * Order under a crash: the registry marks a film's row first, then its preview goes, then the film. A file whose row is
 * marked is finished off by the sweep; a film that came again in between has its mark lifted by the registry, and stays.
 * A picture of ours never comes again: its file goes first, and is marked then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FreeSpace } from './free-space.ts';
import type { Spool } from './spool.ts';

export interface RemovableFile {
  /** A film; or a picture that we made of a finding. */
  readonly folder: 'instances' | 'reports';
  readonly fileKey: string;
  readonly studyInstanceUid: string;
  readonly byteLength: number;
  /** When the study left the worklist. */
  readonly leftAtMs: number;
}

/** PORT to the registry. `Cursor`: how far a walk has come, in the registry's own words. */
export interface RetentionRegistry<Cursor = unknown> {
  /**
   * One step of a walk over the studies that left before, longest gone first. Marks films as removed in one commit with
   * finding them, up to `limit`; no `next` at the walk's end.
   */
  takeRemovable(leftBeforeMs: number, limit: number, after: Cursor | undefined): { readonly files: readonly RemovableFile[]; readonly next: Cursor | undefined };
  /** A film is still marked; a picture's study has not come back. */
  isStillRemovable(file: RemovableFile): boolean;
  markPictureRemoved(studyInstanceUid: string, fileKey: string): void;
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
  /** Files that could not be removed; after more of them the disk is at fault, and the run ends. */
  readonly troublesPerRunMax: number;
  /** After a step that found nothing: the first walk of all goes over a site's whole history. */
  readonly pauseMs: number;
}

export const RETENTION_LIMITS: RetentionLimits = {
  /** Two weeks: a second look, a dispute with the PACS. */
  keptDaysMax: 14,
  /** Start well before intake has to refuse. */
  headroom: 2,
  batchCount: 20,
  filesPerRunMax: 5_000,
  troublesPerRunMax: 3,
  pauseMs: 5,
};

export interface Removal extends RemovableFile {
  readonly why: 'age' | 'free-space';
}

export interface RetentionParts<Cursor = unknown> {
  readonly registry: RetentionRegistry<Cursor>;
  readonly spool: Pick<Spool, 'exclusively' | 'remove' | 'syncName'>;
  /** Resolves also when there is none. */
  readonly removePreview: (fileKey: string) => Promise<void>;
  readonly freeSpace: Pick<FreeSpace, 'facts' | 'refresh'>;
  readonly limits: RetentionLimits;
  readonly now: () => number;
  /** One entry in the journal for each file, after it is gone. */
  readonly onRemoved: (removal: Removal) => void;
  /** A file that could not be removed; the run goes on. */
  readonly onTrouble: (fileKey: string, error: unknown) => void;
  /** Aborted: what is marked is finished, nothing more is begun. */
  readonly signal?: AbortSignal;
}

const DAY_MS = 86_400_000;

/** One run; resolves with what was removed. Rejects when the registry or the disk fails: what is marked is swept later. */
export async function runRetention<Cursor>(parts: RetentionParts<Cursor>): Promise<readonly Removal[]> {
  const { registry, spool, freeSpace, limits, now } = parts;
  const removed: Removal[] = [];
  let troubleCount = 0;

  const remove = (file: RemovableFile): Promise<boolean> =>
    spool.exclusively(file.fileKey, async () => {
      // A film may have been sent again since: then it is a new image to be read.
      if (!registry.isStillRemovable(file)) return false;
      if (file.folder === 'instances') {
        // In the film's turn and before it: no picture of a patient outlives its film.
        await parts.removePreview(file.fileKey);
        await spool.remove('instances', file.fileKey);
        return true;
      }
      await spool.remove('reports', file.fileKey);
      // Nothing looks for it once it is marked.
      await spool.syncName('reports', file.fileKey);
      registry.markPictureRemoved(file.studyInstanceUid, file.fileKey);
      return true;
    });

  async function removeAll(files: readonly RemovableFile[], why: Removal['why']): Promise<void> {
    for (const file of files) {
      try {
        if (!(await remove(file))) continue;
      } catch (error) {
        parts.onTrouble(file.fileKey, error);
        troubleCount += 1;
        if (troubleCount > limits.troublesPerRunMax) throw error;
        continue;
      }
      const removal: Removal = { ...file, why };
      removed.push(removal);
      parts.onRemoved(removal);
    }
  }

  async function removeUntil(why: Removal['why'], leftBeforeMs: number, isEnough: () => Promise<boolean>): Promise<void> {
    let after: Cursor | undefined;
    do {
      if (parts.signal?.aborted === true || removed.length >= limits.filesPerRunMax || (await isEnough())) return;
      const { files, next } = registry.takeRemovable(leftBeforeMs, limits.batchCount, after);
      await removeAll(files, why);
      if (files.length === 0 && next !== undefined) await delay(limits.pauseMs);
      after = next;
    } while (after !== undefined);
  }

  if (limits.keptDaysMax !== undefined) await removeUntil('age', now() - limits.keptDaysMax * DAY_MS, async () => false);
  await removeUntil('free-space', now(), async () => {
    const { freeBytes } = await freeSpace.refresh();
    return freeBytes >= freeSpace.facts().floorBytes * limits.headroom;
  });
  return removed;
}
