/** Destinations and what is on its way to them, as the operations page shows them; and what a person does about it. */
import type { DeliveryRow } from '../api/ports.ts';
import type { BoardDelivery, DeliveriesQuery, DestinationRow, WhichDeliveries } from '../api/operations-port.ts';
import type { Config } from '../config/config.ts';
import type { DestinationSetting } from '../config/destinations.ts';
import type { DestinationState, Outbox } from '../delivery/outbox.ts';
import type { Registry } from '../registry/registry.ts';
import type { Delivery } from '../registry/report-rows.ts';
import type { StudyEngine } from './study-engine.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Dropped in one bite: each may move its study on, and the event loop breathes in between. */
const BITE = 100;

export interface DeliveryBoardParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly outbox: Pick<Outbox, 'wake' | 'states'>;
  readonly engine: Pick<StudyEngine, 'changed' | 'execute'>;
}

export interface DeliveryBoard {
  destinations(nowMs: number): readonly DestinationRow[];
  deliveries(query: DeliveriesQuery): readonly BoardDelivery[];
  retry(which: WhichDeliveries, nowMs: number): number;
  drop(which: WhichDeliveries, by: string, reason: string, nowMs: number): Promise<readonly string[]>;
}

export function createDeliveryBoard({ config, registry, outbox, engine }: DeliveryBoardParts): DeliveryBoard {
  /** Dropped ones leave the query: the first page is always the next one. */
  function nextToDrop(which: WhichDeliveries): readonly Delivery[] {
    if ('id' in which) return [registry.delivery(Number(which.id)) ?? []].flat();
    const failed = registry.deliveriesIn('failed', BITE, 0, which.destination);
    return failed.length > 0 ? failed : registry.deliveriesIn('pending', BITE, 0, which.destination);
  }

  return {
    destinations(nowMs) {
      const states = outbox.states();
      const counts = registry.deliveryCounts();
      const arrivals = new Map(registry.arrivals(nowMs - DAY_MS).map((each) => [each.destination, each]));
      const count = (name: string, state: 'pending' | 'failed'): number => counts.find((each) => each.destination === name && each.state === state)?.count ?? 0;
      const known = new Set(config.destinations.map(({ name }) => name));
      const removed = [...new Set(counts.map(({ destination }) => destination))].filter((name) => !known.has(name)).sort();
      const common = (name: string) => {
        const arrived = arrivals.get(name);
        return { name, pendingCount: count(name, 'pending'), failedCount: count(name, 'failed'), sentCount: arrived?.count ?? 0, ...(arrived === undefined ? {} : { lastSentAtMs: arrived.lastAtMs }) };
      };
      return [
        ...config.destinations.map((setting): DestinationRow => ({ ...common(setting.name), kind: setting.kind, where: whereOf(setting), ...stateOf(states.get(setting.name)) })),
        ...removed.map((name): DestinationRow => ({ ...common(name), kind: 'removed', where: '', state: 'removed' })),
      ];
    },
    deliveries: ({ state, destination, limit, offset }) =>
      registry.deliveriesIn(state, limit, offset, destination).map((row) => ({
        ...deliveryRow(row),
        accessionNumber: registry.studyFacts(row.studyInstanceUid)?.accessionNumber ?? '',
        createdAtMs: row.createdAtMs,
      })),
    retry(which, nowMs) {
      const destination = 'id' in which ? registry.delivery(Number(which.id))?.destination : which.destination;
      // One that is not in the settings has nobody to send for it: its deliveries would wait for ever.
      if (!config.destinations.some(({ name }) => name === destination)) return 0;
      const count = registry.retryDeliveries('id' in which ? { id: Number(which.id) } : which, nowMs);
      if (count > 0) outbox.wake(destination);
      return count;
    },
    async drop(which, by, reason, nowMs) {
      const studies: string[] = [];
      for (;;) {
        // One commit a bite: a sync of the disk for each of 10,000 would hold up whoever sends images.
        const dropped = registry.transact(() => nextToDrop(which).flatMap(({ id, studyInstanceUid }) => {
          const outcome = registry.dropDelivery(id, by, reason, nowMs);
          return outcome === undefined ? [] : [{ studyInstanceUid, change: outcome.change }];
        }));
        for (const { studyInstanceUid, change } of dropped) {
          studies.push(studyInstanceUid);
          if (change === undefined) continue;
          engine.changed(change.study);
          engine.execute(studyInstanceUid, change.commands);
        }
        if (dropped.length === 0 || 'id' in which) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return studies;
    },
  };
}

export const deliveryRow = (row: Delivery): DeliveryRow => ({
  id: String(row.id),
  studyInstanceUid: row.studyInstanceUid,
  destination: row.destination,
  kind: row.subject === 'instance' ? 'original' : row.subject,
  state: row.state,
  attempts: row.attempts,
  updatedAtMs: row.updatedAtMs,
  ...(row.state === 'pending' ? { nextAttemptAtMs: row.nextAttemptAtMs } : {}),
  ...(row.error === undefined ? {} : { error: row.error }),
  ...(row.errorCode === undefined ? {} : { errorCode: row.errorCode }),
});

const whereOf = (setting: DestinationSetting): string => (setting.kind === 'folder' ? setting.path : `${setting.calledAeTitle} @ ${setting.host}:${setting.port}${setting.tls ? ' (TLS)' : ''}`);

function stateOf(state: DestinationState | undefined): Pick<DestinationRow, 'state' | 'restsUntilMs' | 'problem'> {
  if (state === undefined || state.kind !== 'resting') return { state: state?.kind ?? 'idle' };
  return { state: 'resting', restsUntilMs: state.untilMs, problem: { code: state.code, text: state.text } };
}
