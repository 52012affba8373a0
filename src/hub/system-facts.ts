/** The machine as the operations page shows it: disk and how fast it fills, queue, workers, versions, audit trail. */
import type { SystemFacts } from '../api/operations-port.ts';
import type { Config } from '../config/config.ts';
import type { FreeSpace } from '../intake/free-space.ts';
import type { Audit } from '../ops/audit.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { Registry } from '../registry/registry.ts';
import { FIRSTREAD_VERSION } from '../version.ts';
import type { WorkerBoard } from './worker-board.ts';
import type { WorkerSupervisor } from './worker-supervisor.ts';

const DAY_MS = 24 * 60 * 60_000;
const RATE_DAYS = 7;
/** The sums go over a week of images: read at most this often, however many pages look. */
const READ_EVERY_MS = 5 * 60_000;
/** A queue that hangs must not hang the page. */
const QUEUE_WAIT_MS = 1_000;

export interface SystemFactsParts {
  readonly config: Config;
  readonly registry: Pick<Registry, 'totals' | 'storedSince'>;
  readonly freeSpace: FreeSpace;
  readonly queue: Pick<JobQueue, 'healthy' | 'counts'>;
  readonly workers: Pick<WorkerSupervisor, 'pids' | 'lastProblem' | 'readyCount'>;
  readonly workerBoard: WorkerBoard;
  readonly audit: Audit;
  readonly startedAtMs: number;
}

export function createSystemFacts(parts: SystemFactsParts): (nowMs: number) => Promise<SystemFacts> {
  const { config, registry, freeSpace, queue, workers, workerBoard, audit, startedAtMs } = parts;
  let sums = { storedBytes: 0, bytesPerDay: 0 };
  let readAtMs = -Infinity;

  function readSums(nowMs: number): typeof sums {
    if (nowMs - readAtMs < READ_EVERY_MS) return sums;
    readAtMs = nowMs;
    const { instanceBytes, reportBytes } = registry.totals();
    const { byteLength, firstAtMs } = registry.storedSince(nowMs - RATE_DAYS * DAY_MS);
    // A site that began on Tuesday is not measured by seven days; a first hour is no day.
    const days = firstAtMs === undefined ? RATE_DAYS : Math.max(1, Math.min(RATE_DAYS, (nowMs - firstAtMs) / DAY_MS));
    sums = { storedBytes: instanceBytes + reportBytes, bytesPerDay: byteLength / days };
    return sums;
  }

  return async (nowMs) => {
    const counts = await countsOf(queue);
    const problem = workers.readyCount() > 0 || config.workers === 0 ? undefined : workers.lastProblem();
    return {
      startedAtMs,
      versions: { Firstread: FIRSTREAD_VERSION, 'Node.js': process.versions.node, SQLite: process.versions['sqlite'] ?? '' },
      disk: { ...freeSpace.facts(), ...readSums(nowMs) },
      queue: { kind: config.redisUrl === '' ? 'embedded' : 'redis', healthy: queue.healthy(), ...counts },
      workers: { wanted: config.workers, rows: workerBoard.rows(workers.pids()), ...(problem === undefined ? {} : { problem }) },
      audit: { entryCount: audit.head().sequence, healthy: audit.healthy() },
      retention: { days: config.retentionDays },
    };
  };
}

async function countsOf(queue: Pick<JobQueue, 'healthy' | 'counts'>): Promise<{ waiting: number; active: number; delayed: number }> {
  const unknown = { waiting: 0, active: 0, delayed: 0 };
  if (!queue.healthy()) return unknown;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof unknown>((resolve) => {
    timer = setTimeout(() => resolve(unknown), QUEUE_WAIT_MS);
  });
  const asked = queue.counts().then(({ waiting, active, delayed }) => ({ waiting, active, delayed }), () => unknown);
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
