/**
 * What a hub does beside its work: gauges for the metrics, room on the disk (retention), spool and registry brought
 * together after a crash (sweep), expired credentials. None of it may end the hub: trouble is logged.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { FreeSpace } from '../intake/free-space.ts';
import type { Registrar } from '../intake/receive.ts';
import { RETENTION_LIMITS, runRetention } from '../intake/retention.ts';
import type { Spool } from '../intake/spool.ts';
import { sweepSpool } from '../intake/sweep.ts';
import type { Audit } from '../ops/audit.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import type { LogReason } from '../ops/log-events.ts';
import type { Readiness } from '../ops/readiness.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { Registry } from '../registry/registry.ts';
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

const GAUGES_EVERY_MS = 5_000;
const RETENTION_EVERY_MS = 10 * 60_000;
const RULE_EVERY_MS = 60_000;
const CLOSED_AT_ONCE_MAX = 200;
const DAY_MS = 86_400_000;
/** Not at once: a start after a crash has more urgent work, and files younger than a minute are left alone anyhow. */
const SWEEP_AFTER_MS = 90_000;

export function startHousekeeping(parts: HousekeepingParts): { stop(): Promise<void> } {
  const { log } = parts;
  const running = new Set<Promise<void>>();
  const track = (what: LogReason, step: () => Promise<void>): void => {
    const one: Promise<void> = step()
      .catch((error: unknown) => log.write('storage-failed', { reason: what, error }))
      .finally(() => running.delete(one));
    running.add(one);
  };
  const timers = [
    setInterval(() => track('gauges', () => setGauges(parts)), GAUGES_EVERY_MS),
    setInterval(() => track('retention', () => retain(parts)), RETENTION_EVERY_MS),
    setInterval(() => track('close-by-rule', async () => closeByRule(parts)), RULE_EVERY_MS),
    setTimeout(() => {
      track('sweep', () => sweep(parts));
      // A disk that was full at the start does not wait for the first regular round.
      track('retention', () => retain(parts));
    }, SWEEP_AFTER_MS),
  ];
  track('gauges', () => setGauges(parts));
  return {
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(running);
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

async function retain({ config, registry, spool, folder, freeSpace, now, log, audit }: HousekeepingParts): Promise<void> {
  const removals = await runRetention({
    registry: {
      takeRemovable: (leftBeforeMs, limit) =>
        registry.transact(() => {
          const files = registry.removableInstances(leftBeforeMs, limit);
          registry.markRemoved(files.map(({ fileKey }) => fileKey), now());
          return files;
        }),
      isRemoved: (fileKey) => registry.fileKeyRow(fileKey)?.removedAtMs !== undefined,
    },
    spool,
    // Aimed at is a multiple of the floor; a site without a floor still wants its free bytes.
    freeSpace: { refresh: () => freeSpace.refresh(), facts: () => ({ ...freeSpace.facts(), floorBytes: floor(freeSpace) }) },
    limits: { ...RETENTION_LIMITS, keptDaysMax: config.retentionDays, headroom: Math.max(1, config.retentionFreeBytes / floor(freeSpace)) },
    now,
    onRemoved: ({ fileKey, studyInstanceUid, why }) => audit.record({ event: 'instances-removed', who: 'retention', outcome: 'done', studyInstanceUid, object: fileKey, details: { why } }),
  });
  for (const { fileKey } of removals) await rm(join(folder.previews, fileKey.slice(0, 2), `${fileKey}.jpg`), { force: true });
  if (removals.length > 0) log.write('retention-removed', { count: removals.length });
}

const floor = (freeSpace: FreeSpace): number => Math.max(1, freeSpace.facts().floorBytes);

/** The site's own rule for studies that are read elsewhere and never reported back. */
export function closeByRule({ config, registry, engine, now }: Pick<HousekeepingParts, 'config' | 'registry' | 'engine' | 'now'>): void {
  if (config.closeAfterDays === 0) return;
  const receivedBeforeMs = now() - config.closeAfterDays * DAY_MS;
  for (const { studyInstanceUid } of registry.worklist({ nowMs: now(), limit: CLOSED_AT_ONCE_MAX, filter: { receivedBeforeMs } }).rows) {
    engine.apply(studyInstanceUid, { kind: 'closed', by: 'rule', reason: `waited more than ${config.closeAfterDays} days` });
  }
}

async function sweep({ spool, registry, registrar, now, log }: HousekeepingParts): Promise<void> {
  const report = await sweepSpool({
    spool,
    standingOf(fileKey) {
      const row = registry.fileKeyRow(fileKey);
      return row === undefined ? 'unknown' : row.removedAtMs === undefined ? 'kept' : 'removed';
    },
    registrar,
    now,
    onTrouble: (fileKey, error) => log.write('storage-failed', { fileKey, error }),
  });
  if (report.adopted.length > 0) log.write('reconciled', { reason: 'orphans-adopted', count: report.adopted.length });
}
