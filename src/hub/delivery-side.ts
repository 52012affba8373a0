/** The sending side of a hub: the outbox over the site's destinations. */
import { isIP } from 'node:net';
import type { Config } from '../config/config.ts';
import type { DestinationSetting } from '../config/destinations.ts';
import type { Destination } from '../delivery/destination.ts';
import { createDimseDestination } from '../delivery/dimse-destination.ts';
import { createFolderDestination } from '../delivery/folder-destination.ts';
import { createOutbox } from '../delivery/outbox.ts';
import type { Outbox, OutboxEvent, OutboxRows } from '../delivery/outbox.ts';
import type { Spool } from '../intake/spool.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import type { Registry } from '../registry/registry.ts';
import type { StudyEngine } from './study-engine.ts';

export interface DeliverySideParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly spool: Spool;
  readonly engine: () => StudyEngine;
  readonly log: Log;
  readonly metrics: FirstreadMetrics;
  readonly now: () => number;
}

export function startDelivery({ config, registry, spool, engine, log, metrics, now }: DeliverySideParts): Outbox {
  const rows: OutboxRows = {
    dueDeliveries: (nowMs, limit, destination) => registry.dueDeliveries(nowMs, limit, destination),
    markDelivery(id, state, nowMs, about) {
      const change = registry.markDelivery(id, state, nowMs, about);
      if (change === undefined) return;
      engine().changed(change.study);
      engine().execute(change.study.studyInstanceUid, change.commands);
    },
  };
  endDeliveriesToNobody(config, registry, now);
  return createOutbox({
    rows,
    destinations: config.destinations.map((setting) => open(setting, config, spool)),
    now,
    onEvent: (event) => tell(event, log, metrics),
  });
}

/** A destination that was taken out of the settings: its pending rows say so instead of waiting for ever. */
function endDeliveriesToNobody(config: Config, registry: Registry, now: () => number): void {
  const known = new Set(config.destinations.map(({ name }) => name));
  if (registry.deliveryCounts().every(({ destination, state }) => state !== 'pending' || known.has(destination))) return;
  for (const { id, destination } of registry.deliveries('pending', Number.MAX_SAFE_INTEGER)) {
    if (!known.has(destination)) registry.markDelivery(id, 'failed', now(), { error: 'this destination is no longer in the settings', errorCode: 'destination-removed' });
  }
}

function open(setting: DestinationSetting, config: Config, source: Spool): Destination {
  if (setting.kind === 'folder') return createFolderDestination({ name: setting.name, path: setting.path, source });
  const { name, host, port, calledAeTitle, callingAeTitle = config.aeTitle } = setting;
  const timeoutMs = config.deliveryTimeoutMs;
  return createDimseDestination({
    name,
    host,
    port,
    calledAeTitle,
    callingAeTitle,
    source,
    timeouts: { associateTimeoutMs: Math.min(timeoutMs, 15_000), responseTimeoutMs: timeoutMs, sendTimeoutMs: timeoutMs, connectTimeoutMs: Math.min(timeoutMs, 10_000) },
    // A name for SNI and the certificate's check; an address has none to send.
    ...(setting.tls ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
  });
}

function tell(event: OutboxEvent, log: Log, metrics: FirstreadMetrics): void {
  if (event.kind === 'error') {
    log.write('delivery-delayed', { destination: event.destination, error: event.error });
    return;
  }
  const outcome = event.kind === 'retry' ? 'delayed' : event.kind;
  metrics.deliveries.add({ destination: event.destination, outcome }, event.objectCount);
  const name = event.kind === 'sent' ? 'delivery-sent' : event.kind === 'retry' ? 'delivery-delayed' : 'delivery-failed';
  log.write(name, { destination: event.destination, code: event.code, count: event.objectCount });
}
