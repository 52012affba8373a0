/** The operations page's port, put together from the registry, the outbox, the workers and the models. No logic of its own. */
import type { OperationsPort } from '../api/operations-port.ts';
import type { Config } from '../config/config.ts';
import type { Outbox } from '../delivery/outbox.ts';
import type { FreeSpace } from '../intake/free-space.ts';
import type { Audit } from '../ops/audit.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { Registry } from '../registry/registry.ts';
import { createDeliveryBoard } from './delivery-board.ts';
import { createDeviceBoard } from './device-board.ts';
import { createModelBoard } from './model-board.ts';
import type { ModelSwitches } from './model-switches.ts';
import { senderCard } from './sender-card.ts';
import { retryable, setAsideRow } from './set-aside.ts';
import type { CurrentSiteModels } from './site-models.ts';
import type { StudyEngine } from './study-engine.ts';
import { createSystemFacts } from './system-facts.ts';
import type { WorkerBoard } from './worker-board.ts';
import type { WorkerSupervisor } from './worker-supervisor.ts';

export interface OperationsParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly engine: StudyEngine;
  readonly outbox: Outbox;
  readonly freeSpace: FreeSpace;
  readonly queue: JobQueue;
  readonly workers: WorkerSupervisor;
  readonly workerBoard: WorkerBoard;
  readonly models: CurrentSiteModels;
  readonly switches: ModelSwitches;
  readonly audit: Audit;
  readonly startedAtMs: number;
  /** As the listener has it: a port of 0 in the settings is any free one. */
  readonly dicomPort: () => number;
}

export function createOperationsPort(parts: OperationsParts): OperationsPort {
  const { config, registry, engine, workers, models, switches } = parts;
  const deliveries = createDeliveryBoard(parts);
  const board = createModelBoard({
    models,
    switches,
    whyNotReady: () => (config.workers === 0 || workers.readyCount() > 0 ? undefined : (workers.lastProblem() ?? models.problem() ?? 'no worker has its models loaded yet')),
  });
  return {
    senderCard: () => senderCard(config, parts.dicomPort()),
    devices: createDeviceBoard(registry),
    refusals: ({ limit, offset }) => registry.refusals(offset + limit).slice(offset),
    destinations: (nowMs) => deliveries.destinations(nowMs),
    deliveries: (query) => deliveries.deliveries(query),
    retryDeliveries: (which, nowMs) => deliveries.retry(which, nowMs),
    dropDeliveries: (which, by, reason, nowMs) => deliveries.drop(which, by, reason, nowMs),
    setAside: ({ limit, offset }) => ({ total: registry.setAsideCount(), rows: registry.setAside(limit, offset).flatMap((uid) => setAsideRow(registry, uid) ?? []) }),
    retryStudy(studyInstanceUid, by) {
      const study = registry.study(studyInstanceUid);
      if (study === undefined) return undefined;
      const images = retryable(study);
      if (images.length > 0) engine.applyAll(studyInstanceUid, images.map(({ sopInstanceUid, contentSha256 }) => ({ kind: 'retried', sopInstanceUid, contentSha256, by })));
      return images.length;
    },
    dismiss(studyInstanceUid, by, reason) {
      const study = registry.study(studyInstanceUid);
      if (study === undefined) return 'unknown-study';
      if (study.attention === undefined) return 'refused';
      engine.apply(studyInstanceUid, { kind: 'acknowledged', by, reason });
      return 'done';
    },
    models: () => board.list(),
    modelCard: (sha256, language) => board.card(sha256, language),
    cardPicture: (sha256, name) => board.picture(sha256, name),
    switchFamily: (family, to) => switches.change(family, to),
    notices: () => switches.notices(),
    system: createSystemFacts(parts),
  };
}
