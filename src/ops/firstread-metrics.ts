/**
 * Firstread's own metrics, made once per process by the composition and handed to the rooms. Stages follow an image:
 * receive → queue wait → fetch → decode → preprocess → inference, `flag` is last byte → flag on the worklist, then
 * report and delivery. No label carries patient data; AE titles are not labels (a peer could invent thousands).
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createMetrics, type Counter, type Gauge, type Histogram, type Metrics } from './metrics.ts';

export const STAGES = ['receive', 'queue-wait', 'fetch', 'decode', 'preprocess', 'inference', 'worker', 'flag', 'report', 'delivery'] as const;
export type Stage = (typeof STAGES)[number];

export interface FirstreadMetrics {
  readonly registry: Metrics;
  /** `stage.observeMs(ms, { stage })`; see `observeStage`. */
  readonly stage: Histogram;
  observeStage(stage: Stage, milliseconds: number): void;
  /** outcome: stored, duplicate, same-uid-other-bytes. */
  readonly instancesReceived: Counter;
  readonly bytesReceived: Counter;
  /** what: association, instance, request; code: the reason's code. */
  readonly refused: Counter;
  readonly associations: Gauge;
  readonly associationsOpened: Counter;
  /** outcome: scored, ineligible, unreadable, compared, quarantined. */
  readonly analyses: Counter;
  /** state: waiting, active, delayed. */
  readonly queueDepth: Gauge;
  readonly queueUp: Gauge;
  readonly workersReady: Gauge;
  /** state of studies that are on the worklist. */
  readonly studies: Gauge;
  readonly oldestUnreadSeconds: Gauge;
  readonly diskFreeBytes: Gauge;
  /** destination, outcome: sent, delayed, failed. */
  readonly deliveries: Counter;
  readonly deliveriesPending: Gauge;
  /** route pattern, method, status. */
  readonly requests: Counter;
  readonly requestSeconds: Histogram;
  readonly liveStreams: Gauge;
  readonly ready: Gauge;
}

export function createFirstreadMetrics(build: { readonly version: string }): FirstreadMetrics {
  const m = createMetrics();
  m.gauge('firstread_build_info', 'Version of this build; always 1.', ['version', 'node']).set(1, { version: build.version, node: process.version });
  addProcessMetrics(m);
  const stage = m.histogram('firstread_stage_seconds', 'Time spent per stage of an image, in seconds; "flag" is last byte received to flag on the worklist.', ['stage']);
  return {
    registry: m,
    stage,
    observeStage: (name, milliseconds) => stage.observeMs(milliseconds, { stage: name }),
    instancesReceived: m.counter('firstread_instances_received_total', 'Instances received and made durable.', ['outcome']),
    bytesReceived: m.counter('firstread_bytes_received_total', 'Bytes of data sets received.'),
    refused: m.counter('firstread_refused_total', 'Attempts refused, by what and why.', ['what', 'code']),
    associations: m.gauge('firstread_associations', 'DICOM associations open now.'),
    associationsOpened: m.counter('firstread_associations_opened_total', 'DICOM associations accepted.'),
    analyses: m.counter('firstread_analyses_total', 'Images that got an answer, by outcome.', ['outcome']),
    queueDepth: m.gauge('firstread_queue_jobs', 'Jobs in the queue, by state.', ['state']),
    queueUp: m.gauge('firstread_queue_up', '1 while the queue answers.'),
    workersReady: m.gauge('firstread_workers_ready', 'Workers with their models loaded.'),
    studies: m.gauge('firstread_worklist_studies', 'Unread studies, by state.', ['state']),
    oldestUnreadSeconds: m.gauge('firstread_oldest_unread_seconds', 'Age of the study that has waited longest.'),
    diskFreeBytes: m.gauge('firstread_disk_free_bytes', 'Free bytes where the spool lies.'),
    deliveries: m.counter('firstread_deliveries_total', 'Delivery attempts, by destination and outcome.', ['destination', 'outcome']),
    deliveriesPending: m.gauge('firstread_deliveries_pending', 'Deliveries not yet sent.', ['destination']),
    requests: m.counter('firstread_http_requests_total', 'HTTP requests, by route, method and status.', ['route', 'method', 'status']),
    requestSeconds: m.histogram('firstread_http_request_seconds', 'HTTP request duration in seconds.', ['route']),
    liveStreams: m.gauge('firstread_live_streams', 'Pages connected to live updates.'),
    ready: m.gauge('firstread_ready', '1 while every readiness check passes.'),
  };
}

function addProcessMetrics(m: Metrics): void {
  const rss = m.gauge('process_resident_memory_bytes', 'Resident memory of this process.');
  const cpu = m.gauge('process_cpu_seconds', 'CPU time of this process since its start.');
  const up = m.gauge('process_uptime_seconds', 'Time since this process started.');
  const delay = m.gauge('nodejs_eventloop_delay_seconds', 'Event loop delay since the last exposition.', ['quantile']);
  const monitor = monitorEventLoopDelay({ resolution: 10 });
  monitor.enable();
  m.onCollect(() => {
    rss.set(process.memoryUsage.rss());
    const { user, system } = process.cpuUsage();
    cpu.set((user + system) / 1e6);
    up.set(process.uptime());
    delay.set(monitor.percentile(50) / 1e9, { quantile: '0.5' });
    delay.set(monitor.percentile(99) / 1e9, { quantile: '0.99' });
    monitor.reset();
  });
}
