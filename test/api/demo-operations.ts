/**
 * The hub's own operations port on a demo registry, with a morning's devices, refusals and deliveries in it. Outbox, queue
 * and workers are played: what they say is set by the test.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OperationsPort } from '../../src/api/operations-port.ts';
import type { DestinationState } from '../../src/delivery/outbox.ts';
import { createModelSwitches, type ModelSwitches } from '../../src/hub/model-switches.ts';
import { createOperationsPort } from '../../src/hub/operations-side.ts';
import { createStudyEngine } from '../../src/hub/study-engine.ts';
import type { ModelOnDisk, SiteModel } from '../../src/hub/site-models.ts';
import { createWorkerBoard } from '../../src/hub/worker-board.ts';
import type { Audit } from '../../src/ops/audit.ts';
import type { Registry } from '../../src/registry/registry.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const GB = 1e9;
const SHA = { tuberculosis: 'a1'.repeat(32), nodule: 'b2'.repeat(32), shadow: 'c3'.repeat(32), 'lung-field': 'd4'.repeat(32) } as const;

export const DEMO_CARD = `# tuberculosis 1.2.0 (interim)

A score of 0–100 and a heatmap. **Not a medical device.** See [the licence](../LICENSE-WEIGHTS.md) and <script>alert(1)</script>.

> **Interim.** To be replaced by longer training.

## Figures

![ROC curve on test films](roc.svg)

| source and label | flagged |
|---|---|
| tb/shenzhen tb | 0.953 [0.871, 0.984] (n = 64) |
| tb/shenzhen other \`films\` | 0.310 [0.214, 0.425] (n = 71) |

- Children under 15
- Lateral views

1. first
2. second
`;
export const DEMO_CARD_VI = `# tuberculosis 1.2.0 (tạm thời)

Điểm 0–100 và bản đồ nhiệt. **Không phải thiết bị y tế.** Xem [giấy phép](../LICENSE-WEIGHTS.md).

## Số liệu

![Đường cong ROC trên phim kiểm tra](roc.svg)

| nguồn và nhãn | gắn cờ |
|---|---|
| tb/shenzhen lao phổi | 0,953 [0,871; 0,984] (n = 64) |
`;
const DEMO_ROC = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240"><rect width="320" height="240" fill="#fff"/><path d="M30 210V20M30 210H300" stroke="#333"/><path d="M30 210C50 80 110 40 300 22" fill="none" stroke="#1663b5" stroke-width="3"/></svg>';

export interface DemoOperations {
  readonly port: OperationsPort;
  readonly switches: ModelSwitches;
  readonly wakes: (string | undefined)[];
  readonly destinationStates: Map<string, DestinationState>;
  close(): void;
}

export function demoOperations(registry: Registry, audit: Audit, now: () => number, onSwitched: () => void): DemoOperations {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-demo-model-'));
  writeFileSync(join(folder, 'card.md'), DEMO_CARD);
  writeFileSync(join(folder, 'card.vi.md'), DEMO_CARD_VI);
  writeFileSync(join(folder, 'roc.svg'), DEMO_ROC);
  const nothing = (): void => undefined;
  const engine = createStudyEngine({
    registry, now, siteThresholds: () => [], queue: { add: async () => undefined },
    wakeWorkers: nothing, writeReports: nothing, wakeOutbox: nothing, onChanged: nothing, onQueueTrouble: nothing,
  });
  const switches = createModelSwitches({ registry, engine: () => engine, onSwitched, onTrouble: () => undefined });
  const wakes: (string | undefined)[] = [];
  const destinationStates = new Map<string, DestinationState>([['pacs', { kind: 'idle' }], ['archive', { kind: 'resting', untilMs: now() + 42_000, failures: 9, code: 'peer-unreachable', text: 'no connection to the peer' }]]);
  const workerBoard = createWorkerBoard(now);
  workerBoard.note({ type: 'ready', provider: 'cpu', models: [{ name: 'tuberculosis', version: '1.2.0' }, { name: 'nodule', version: '0.9.1' }] }, 4711);
  workerBoard.note({ type: 'status', rssBytes: 412e6 }, 4711);
  for (let one = 0; one < 36; one += 1) workerBoard.note({ type: 'answered' }, 4711);
  const destinations = [
    { kind: 'dimse', name: 'pacs', host: '10.0.0.20', port: 104, calledAeTitle: 'PACS', tls: false, reportKinds: [], sopClass: 'comprehensive-3d', sendOriginals: false, pictures: false },
    { kind: 'dimse', name: 'archive', host: '10.0.0.21', port: 11112, calledAeTitle: 'ARCHIVE', tls: true, reportKinds: [], sopClass: 'comprehensive-3d', sendOriginals: true, pictures: false },
  ];
  const config = {
    aeTitle: 'FIRSTREAD', dicomHost: '10.0.0.2', dicomTlsCertificate: '', dicomTlsClientCa: '', callingAeTitles: ['XR_ROOM_1', 'XR_ROOM_2', 'ER_DX1'], acceptAnyCalledAeTitle: false,
    workers: 1, redisUrl: '', retentionDays: 30, destinations,
  };
  const port = createOperationsPort({
    config: config as never, registry, engine,
    outbox: { wake: (destination?: string) => void wakes.push(destination), states: () => destinationStates, close: async () => undefined },
    freeSpace: { facts: () => ({ freeBytes: 311 * GB, totalBytes: 500 * GB, floorBytes: 10 * GB }) } as never,
    queue: { healthy: () => true, counts: async () => ({ waiting: 3, active: 2, delayed: 0, ended: 0 }) } as never,
    workers: { pids: () => [4711], readyCount: () => 1, lastProblem: () => undefined } as never,
    workerBoard, models: demoModels(folder) as never, switches, audit, startedAtMs: now() - 3 * DAY_MS, dicomPort: () => 11112,
  });
  return { port, switches, wakes, destinationStates, close: () => rmSync(folder, { recursive: true, force: true }) };
}

function demoModels(folder: string): { models: SiteModel[]; onDisk: ModelOnDisk[]; problem(): undefined } {
  const model = (name: string, version: string, sha256: string, family: SiteModel['family'], threshold: number, shadow = false): SiteModel =>
    ({ name, version, sha256, family, threshold, thresholdOrigin: { en: 'flags 90 % of 92 films with the finding, validation films of two hospitals', vi: 'gắn cờ 90 % trong 92 phim có tổn thương, phim kiểm định của hai bệnh viện' }, status: 'interim', shadow });
  const models = [
    { ...model('tuberculosis', '1.2.0', SHA.tuberculosis, 'tuberculosis', 42), siteThreshold: { id: 'T-2026-11', manifestThreshold: 56.8, groups: [{ group: { en: 'F, 15–34 years', vi: 'nữ, 15–34 tuổi' }, threshold: 38.5 }] } },
    model('nodule', '0.9.1', SHA.nodule, 'lung nodule', 50),
    model('nodule-next', '0.10.0', SHA.shadow, 'lung nodule', 47, true),
  ];
  const file = ({ name, version, sha256, shadow }: SiteModel, task: string): ModelOnDisk => ({ path: folder, name, version, sha256, task, shadow, status: 'interim', trainedAt: '2026-11-21', licence: 'research and evaluation' });
  const field: ModelOnDisk = { path: join(folder, 'none'), name: 'lung-field', version: '0.1.0', sha256: SHA['lung-field'], task: 'lung-field', shadow: false, status: 'released', trainedAt: '2026-11-20', licence: 'research and evaluation' };
  return { models, onDisk: [...models.map((one) => file(one, one.family)), field], problem: () => undefined };
}

/** Who sent and who was turned away this morning, and what is on its way. */
export const putMorning = (registry: Registry, now: () => number): void => registry.transact(() => {
  const nowMs = now();
  const peer = (callingAeTitle: string, remoteAddress: string) => ({ callingAeTitle, calledAeTitle: 'FIRSTREAD', remoteAddress });
  registry.noteAssociation(peer('CT_NEW', '10.0.0.30'), nowMs - 25 * MINUTE_MS);
  for (const { studyInstanceUid } of registry.worklist({ nowMs, scope: 'all', limit: 5_000 }).rows) {
    for (const { origin, byteLength } of registry.instancesOf(studyInstanceUid)) {
      registry.noteAssociation(origin, origin.receivedAtMs);
      registry.noteInstance(origin, byteLength);
    }
  }
  const refuse = (callingAeTitle: string, calledAeTitle: string, remoteAddress: string, code: string, count: number, agoMin: number): void => {
    for (let at = count; at > 0; at -= 1) registry.recordRefusal({ callingAeTitle, calledAeTitle, remoteAddress, code, text: `refused: ${code}` }, nowMs - (agoMin + at) * MINUTE_MS);
  };
  refuse('XR_ROOM_3', 'FIRSTREAD', '10.0.0.9', 'calling-ae-unknown', 14, 6);
  refuse('PORTABLE', 'FIRST_READ', '10.0.0.12', 'called-ae-unknown', 3, 41);
  refuse('', '', '10.0.0.14', 'tls-failed', 2, 95);
  refuse('XR_ROOM_1', 'FIRSTREAD', '10.0.0.5', 'data-set-damaged', 1, 130);
  refuse('<b>x</b>', 'FIRSTREAD', '10.0.0.99', 'some-code-of-tomorrow', 1, 600);
  const studies = registry.worklist({ nowMs, scope: 'all', limit: 12 }).rows.filter(({ state }) => state === 'delivered' || state === 'reported');
  for (const [at, { studyInstanceUid }] of studies.entries()) {
    for (const destination of ['pacs', 'archive', ...(at < 3 ? ['old-archive'] : [])]) {
      registry.enqueueDelivery(studyInstanceUid, 1, { destination, subject: 'report', objectKey: `${studyInstanceUid}.77`, fileKey: 'ab'.repeat(32) }, nowMs - (60 - at) * MINUTE_MS);
    }
    for (const { id, destination } of registry.deliveriesOf(studyInstanceUid)) {
      if (destination === 'pacs') registry.markDelivery(id, at === 1 ? 'failed' : 'sent', nowMs - (50 - at) * MINUTE_MS, at === 1 ? { error: 'the destination answered 0122H: it does not support the SOP class', errorCode: 'status-0122H' } : {});
      else if (destination === 'archive') registry.markDelivery(id, 'pending', nowMs - MINUTE_MS, { error: 'no connection to the peer', errorCode: 'peer-unreachable', nextAttemptAtMs: nowMs + 42_000 });
      else registry.markDelivery(id, 'failed', nowMs - 30 * MINUTE_MS, { error: 'this destination is no longer in the settings', errorCode: 'destination-removed' });
    }
  }
});
