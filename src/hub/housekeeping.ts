/**
 * What a hub does beside its work: gauges for the metrics, room on the disk (retention), spool and registry brought
 * together after a crash (sweep), expired credentials. None of it may end the hub: trouble is logged.
 */
import type { Config } from '../config/config.ts';
import type { FreeSpace } from '../intake/free-space.ts';
import { removePreview, sweepPreviews } from '../intake/preview-files.ts';
import type { Registrar } from '../intake/receive.ts';
import { RETENTION_LIMITS, runRetention } from '../intake/retention.ts';
import type { Spool } from '../intake/spool.ts';
import { type FileStanding, sweepSpool } from '../intake/sweep.ts';
import type { Audit } from '../ops/audit.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import type { LogReason } from '../ops/log-events.ts';
import type { Readiness } from '../ops/readiness.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { Registry } from '../registry/registry.ts';
import type { RetentionCursor } from '../registry/retention-query.ts';
import type { DataFolder } from './data-folder.ts';
import type { StudyEngine } from './study-engine.ts';

export interface HousekeepingParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly registrar: Registrar;
  readonly engine: Pick<StudyEngine, 'apply'>;
  readonly spool: Spool;
  readonly folder: DataFolder;
  readonly freeSpace: FreeSpace;
  readonly queue: JobQueue;
  readonly metrics: FirstreadMetrics;
  readonly audit: Audit;
  readonly readiness: Readiness;
  readonly log: Log;
  readonly now: () => number;
  readonly associations: () => number;
}

type RetainParts = Pick<HousekeepingParts, 'config' | 'registry' | 'spool' | 'folder' | 'freeSpace' | 'now' | 'log' | 'audit'>;
type SweepParts = Pick<HousekeepingParts, 'registry' | 'registrar' | 'spool' | 'folder' | 'now' | 'log' | 'audit'>;

const GAUGES_EVERY_MS = 5_000;
const RETENTION_EVERY_MS = 10 * 60_000;
const RULE_EVERY_MS = 60_000;
const CLOSED_AT_ONCE_MAX = 200;
const DAY_MS = 86_400_000;
/** A worker's preview that came late, a file that could not be removed at first: a hub runs for months. */
const SWEEP_EVERY_MS = DAY_MS;
/** Not at once: a start after a crash has more urgent work, and files younger than a minute are left alone anyhow. */
const SWEEP_AFTER_MS = 90_000;

export function startHousekeeping(parts: HousekeepingParts): { stop(): Promise<void> } {
  const { log } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = new Map<Promise<void>, LogReason>();
  const track = (what: LogReason, step: () => Promise<void>): void => {
    // A run that takes longer than its turn is not joined by a second one.
    if ([...running.values()].includes(what)) return;
    const one: Promise<void> = step()
      .catch((error: unknown) => log.write('storage-failed', { reason: what, error }))
      .finally(() => running.delete(one));
    running.set(one, what);
  };
  const timers = [
    setInterval(() => track('gauges', () => setGauges(parts)), GAUGES_EVERY_MS),
    setInterval(() => track('retention', () => retain(parts, signal)), RETENTION_EVERY_MS),
    setInterval(() => track('sweep', () => sweep(parts, signal)), SWEEP_EVERY_MS),
    setInterval(() => track('close-by-rule', async () => closeByRule(parts)), RULE_EVERY_MS),
    setTimeout(() => {
      track('sweep', () => sweep(parts, signal));
      // A disk that was full at the start does not wait for the first regular round.
      track('retention', () => retain(parts, signal));
    }, SWEEP_AFTER_MS),
  ];
  track('gauges', () => setGauges(parts));
  return {
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      stopping.abort();
      await Promise.all(running.keys());
    },
  };
}

async function setGauges({ config, registry, queue, metrics, freeSpace, readiness, now, associations }: HousekeepingParts): Promise<void> {
  metrics.ready.set(readiness.report().ready ? 1 : 0);
  metrics.oldestUnreadSeconds.set(Math.max(0, now() - (registry.waitingSinceMs() ?? now())) / 1000);
  metrics.associations.set(associations());
  metrics.diskFreeBytes.set((await freeSpace.refresh()).freeBytes);
  metrics.queueUp.set(queue.healthy() ? 1 : 0);
  const byState = new Map<string, number>();
  for (const { state, count } of registry.openCounts()) byState.set(state, (byState.get(state) ?? 0) + count);
  for (const state of ['receiving', 'analysing', 'assessed', 'reported', 'delivered', 'ineligible', 'attention']) metrics.studies.set(byState.get(state) ?? 0, { state });
  const pending = new Map<string, number>(config.destinations.map(({ name }) => [name, 0]));
  for (const { destination, state, count } of registry.deliveryCounts()) if (state === 'pending') pending.set(destination, count);
  for (const [destination, count] of pending) metrics.deliveriesPending.set(count, { destination });
  registry.removeExpiredCredentials(now());
  if (!queue.healthy()) return;
  const { waiting, active, delayed } = await queue.counts();
  for (const [state, count] of Object.entries({ waiting, active, delayed })) metrics.queueDepth.set(count, { state });
}

/** One run of retention over the hub's registry, spool and previews. */
export async function retain({ config, registry, spool, folder, freeSpace, now, log, audit }: RetainParts, signal?: AbortSignal): Promise<void> {
  let count = 0;
  try {
    await runRetention<RetentionCursor>({
      registry: {
        takeRemovable: (leftBeforeMs, limit, after) => registry.takeRemovable(leftBeforeMs, limit, now(), after),
        isStillRemovable: (file) => registry.isStillRemovable(file),
        markPictureRemoved: (studyInstanceUid, fileKey) => registry.markPictureRemoved(studyInstanceUid, fileKey, now()),
      },
      spool,
      removePreview: (fileKey) => removePreview(folder.previews, fileKey),
      // Aimed at is a multiple of the floor; a site without a floor still wants its free bytes.
      freeSpace: { refresh: () => freeSpace.refresh(), facts: () => ({ ...freeSpace.facts(), floorBytes: floor(freeSpace) }) },
      limits: { ...RETENTION_LIMITS, keptDaysMax: config.retentionDays, headroom: Math.max(1, config.retentionFreeBytes / floor(freeSpace)) },
      now,
      onRemoved({ folder: of, fileKey, studyInstanceUid, why }) {
        count += 1;
        const details = { why, ...(of === 'reports' ? { what: 'picture' } : {}) };
        audit.record({ event: 'instances-removed', who: 'retention', outcome: 'done', studyInstanceUid, object: fileKey, details });
      },
      onTrouble: (fileKey, error) => log.write('storage-failed', { reason: 'retention', fileKey, error }),
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    if (count > 0) log.write('retention-removed', { count });
  }
}

const floor = (freeSpace: FreeSpace): number => Math.max(1, freeSpace.facts().floorBytes);

/** The site's own rule for studies that are read elsewhere and never reported back. */
export function closeByRule({ config, registry, engine, now }: Pick<HousekeepingParts, 'config' | 'registry' | 'engine' | 'now'>): void {
  if (config.closeAfterDays === 0) return;
  const waitingBeforeMs = now() - config.closeAfterDays * DAY_MS;
  for (const { studyInstanceUid } of registry.worklist({ nowMs: now(), limit: CLOSED_AT_ONCE_MAX, filter: { waitingBeforeMs } }).rows) {
    engine.apply(studyInstanceUid, { kind: 'closed', by: 'rule', reason: `waited more than ${config.closeAfterDays} days` });
  }
}

/** Spool, previews and registry brought together; films first, so that the preview of an adopted one stays. */
export async function sweep({ spool, folder, registry, registrar, now, log, audit }: SweepParts, signal?: AbortSignal): Promise<void> {
  const about = {
    spool,
    standingOf(fileKey: string): FileStanding {
      const row = registry.fileKeyRow(fileKey);
      return row === undefined ? 'unknown' : row.removedAtMs === undefined ? 'kept' : 'removed';
    },
    now,
    onTrouble: (fileKey: string, error: unknown) => log.write('storage-failed', { fileKey, error }),
    ...(signal === undefined ? {} : { signal }),
  };
  const report = await sweepSpool({ ...about, registrar, removePreview: (fileKey) => removePreview(folder.previews, fileKey) });
  for (const fileKey of report.finishedOff) {
    const studyInstanceUid = registry.fileKeyRow(fileKey)?.studyInstanceUid;
    audit.record({ event: 'instances-removed', who: 'retention', outcome: 'done', ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }), object: fileKey, details: { why: 'left-over' } });
  }
  if (report.adopted.length > 0) log.write('reconciled', { reason: 'orphans-adopted', count: report.adopted.length });
  await sweepPreviews({ ...about, root: folder.previews });
}
