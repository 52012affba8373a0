/**
 * A site's hub, put together: who is made of what, in which order it starts and stops. No logic of its own.
 * Start: lock → registry → spool → queue → API → workers → listener → reconcile. Stop: listener first (associations may
 * finish), then workers, reports, deliveries, API, registry, lock.
 */
import type { Listener } from '../dimse/listener.ts';
import type { Config } from '../config/config.ts';
import { createLive } from '../api/live.ts';
import { createSpool, SPOOL_LIMITS } from '../intake/spool.ts';
import { realFileSystem } from '../intake/spool-file-system.ts';
import { FirstreadError } from '../errors.ts';
import { createAudit } from '../ops/audit.ts';
import { createFirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import { createReadiness } from '../ops/readiness.ts';
import { sentenceAsWord } from '../ops/redaction.ts';
import type { JobEnd } from '../queue/job-queue.ts';
import { openRegistry } from '../registry/registry.ts';
import type { Study } from '../study/types.ts';
import { FIRSTREAD_VERSION } from '../version.ts';
import { createAnalysisPace } from './analysis-pace.ts';
import { startApi } from './api-side.ts';
import { dataFolder, lockDataFolder, writeHubAddress } from './data-folder.ts';
import { startDelivery } from './delivery-side.ts';
import { createRegistrar, openSiteFreeSpace, startIntake } from './intake-side.ts';
import { createListenerJournal } from './listener-journal.ts';
import { startOutcomePump } from './outcome-pump.ts';
import { createOutcomeJournal } from './outcome-journal.ts';
import { createQueueWatch, queueAddress } from './queue-watch.ts';
import { startReconciler } from './reconcile.ts';
import { createReportWriter } from './report-writer.ts';
import { startHousekeeping } from './housekeeping.ts';
import { readOrMakeSecrets } from './secrets.ts';
import { createModelSwitches } from './model-switches.ts';
import { createOperationsPort } from './operations-side.ts';
import { openSiteModels } from './site-models.ts';
import { lastThresholdsIn, openSiteThresholds, thresholdJournal } from './site-thresholds.ts';
import { startBackfill } from './studies-backfill.ts';
import { createStudyEngine } from './study-engine.ts';
import { waitingCaps } from './waiting-caps.ts';
import { createWorkerBoard } from './worker-board.ts';
import { openSiteQueue, startSiteWorkers } from './worker-side.ts';

export interface Hub {
  readonly dicomPort: number;
  /** The page's address. */
  readonly httpUrl: string;
  /** A fresh one-time link to sign in with. */
  signInLink(): string;
  readonly ready: () => boolean;
  readonly whyNotReady: () => readonly string[];
  close(): Promise<void>;
}

export async function startHub(config: Config, log: Log): Promise<Hub> {
  const now = Date.now;
  const folder = dataFolder(config.data);
  const lock = lockDataFolder(folder);
  log.write('hub-starting', { version: FIRSTREAD_VERSION, nodeVersion: process.version, timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone });
  const secrets = readOrMakeSecrets(folder.root);
  const models = await openSiteModels(config.models, folder.root, () => siteThresholds.inForce(), (reason) => log.write('model-refused', { reason: sentenceAsWord(reason) }));
  const caps = waitingCaps(config);
  const eligibility = { analyseSecondaryCapture: config.analyseSecondaryCapture, minSidePixels: config.imageSideMinPixels };
  const registry = openRegistry(folder.registry, { eligibility });
  const spool = await createSpool(folder.spool, realFileSystem, { ...SPOOL_LIMITS, objectBytesMax: config.objectMaxBytes });
  const freeSpace = await openSiteFreeSpace(config, now);
  const queue = await openSiteQueue(config, folder);
  const audit = createAudit({ folder: folder.audit, now, key: Buffer.from(secrets.auditKey, 'hex') });
  audit.record({ event: 'application-start', who: '-', outcome: 'done', details: { version: FIRSTREAD_VERSION } });
  const siteThresholds = openSiteThresholds(folder.siteThresholds, thresholdJournal(log, audit), lastThresholdsIn(registry, now));
  const metrics = createFirstreadMetrics({ version: FIRSTREAD_VERSION });
  const readiness = createReadiness((check, outcome) => log.write(outcome.ok ? 'ready-again' : 'not-ready', { check, ...(outcome.reason === undefined ? {} : { reason: sentenceAsWord(outcome.reason) }) }));

  const queueWatch = createQueueWatch(log, now, queueAddress(config.redisUrl));
  const live = createLive();
  const journal = createListenerJournal({ registry, log, audit, metrics, now });
  const outcomes = createOutcomeJournal({ log, metrics, now });
  const pace = createAnalysisPace(now);
  const workerBoard = createWorkerBoard(now);
  const workers = startSiteWorkers(config, folder, models, log, metrics, workerBoard);
  const switches = createModelSwitches({
    registry,
    engine: () => engine,
    onSwitched: (family, { on }) => {
      log.write('family-switched', { kind: family.replaceAll(' ', '-'), state: on ? 'on' : 'off' });
      live.everythingChanged();
    },
    onTrouble: (error) => log.write('storage-failed', { reason: 'family-switch', error }),
  });
  const reports = createReportWriter({
    registry,
    spool,
    previews: folder.previews,
    get families() { return models.families; },
    destinations: config.destinations,
    device: {
      manufacturer: config.manufacturer,
      serialNumber: secrets.serialNumber,
      softwareVersion: FIRSTREAD_VERSION,
      ...(config.institutionName === '' ? {} : { institutionName: config.institutionName }),
    },
    get configurationSha256() { return models.configurationSha256; },
    now,
    engine: () => engine,
    onWritten: outcomes.onReports,
    onTrouble: (studyInstanceUid, error) => {
      log.write('storage-failed', { studyInstanceUid, error });
      // A file that is gone is not back in three seconds: the regular round asks again.
      if (!(error instanceof FirstreadError && error.code === 'instance-missing')) reconciler.soon();
    },
    onPictureMissing: (studyInstanceUid, error) => log.write('picture-missing', { studyInstanceUid, error }),
  });
  const onChanged = (study: Study): void => {
    outcomes.onChanged(study);
    live.changed(study.studyInstanceUid, study.state === 'analysing' ? 'soon' : 'at-once');
  };
  const engine = createStudyEngine({
    registry,
    queue,
    now,
    siteThresholds: () => siteThresholds.inForce(),
    wakeWorkers: () => workers.wake(),
    writeReports: (studyInstanceUid, revision) => reports.write(studyInstanceUid, revision),
    wakeOutbox: () => outbox.wake(),
    onChanged,
    onQueueTrouble: (error) => {
      queueWatch.trouble(error);
      reconciler.soon();
    },
  });
  const reconciler = startReconciler({
    registry,
    queue,
    engine,
    wakeWorkers: () => workers.wake(),
    onDone: ({ outstanding, queuedAgain }) => {
      queueWatch.well();
      switches.askWhatIsDue();
      if (outstanding > 0) log.write('reconciled', { count: outstanding, queueDepth: queuedAgain });
    },
    onTrouble: queueWatch.trouble,
  });
  let listener: Listener | undefined;
  readiness.add('listener', () => (listener === undefined ? { ok: false, reason: 'the DICOM listener is closed' } : { ok: true }));
  readiness.add('models', () => (config.workers === 0 || workers.readyCount() > 0 ? { ok: true } : { ok: false, reason: workers.lastProblem() ?? models.problem() ?? 'no worker has its models loaded yet' }));
  readiness.add('queue', () => (queue.healthy() ? { ok: true } : { ok: false, reason: 'the queue does not answer; images are received and wait in the registry' }), { required: false });
  readiness.add('disk', () => (freeSpace.hasRoom(0) ? { ok: true } : { ok: false, reason: 'free space is below the floor: new objects are refused' }));
  readiness.add('thresholds', () => (siteThresholds.problem() === undefined ? { ok: true } : { ok: false, reason: `the site's own thresholds: ${siteThresholds.problem()}` }), { required: false });
  readiness.add('audit', () => (audit.healthy() ? { ok: true } : { ok: false, reason: 'the audit trail cannot be written' }), { required: false });
  const outbox = startDelivery({ config, registry, spool, engine: () => engine, log, metrics, now });
  const operations = createOperationsPort({
    config, registry, engine, outbox, freeSpace, queue, workers, workerBoard, models, switches, audit,
    startedAtMs: now(), dicomPort: () => listener?.port ?? config.dicomPort,
  });
  const api = await startApi({ config, pace, folder, secrets, registry, engine, operations, spool, caps, models, workers, live, audit, metrics, readiness, log, now });
  const registrar = createRegistrar({ config, registry, engine, now });
  listener = await startIntake({ config, registrar, spool, journal, freeSpace, now });
  log.write('listener-open', { port: listener.port, address: config.dicomHost });
  const backfill = startBackfill(registry, (error) => log.write('storage-failed', { reason: 'studies-backfill', error }));
  void reconciler.now();
  const onOutcome = (end: JobEnd): void => {
    pace.note(end);
    outcomes.onOutcome(end);
  };
  const pump = startOutcomePump({ queue, engine, withhold: (outcome) => switches.withhold(outcome), onOutcome, onTrouble: queueWatch.trouble });
  const housekeeping = startHousekeeping({ config, registry, registrar, engine, spool, folder, freeSpace, queue, metrics, audit, readiness, log, now, associations: () => listener?.associations() ?? 0 });

  writeHubAddress(folder, { pid: process.pid, dicomPort: listener.port, httpUrl: api.localUrl, pageUrl: api.url, token: secrets.localToken });
  log.write('hub-ready', { port: listener.port });

  return {
    dicomPort: listener.port,
    httpUrl: api.url,
    signInLink: api.signInLink,
    ready: () => readiness.report().ready,
    whyNotReady: () => readiness.report().checks.flatMap(({ ok, name, reason }) => (ok ? [] : [`${name}: ${reason ?? 'not ready'}`])),
    async close() {
      log.write('hub-stopping', {});
      const closing = listener;
      listener = undefined;
      await closing?.close({ graceMs: config.shutdownGraceMs });
      await reconciler.stop();
      await backfill.stop();
      await workers.stop(5_000);
      await pump.stop();
      await switches.stop();
      await reports.close();
      await outbox.close({ graceMs: 2_000 });
      await housekeeping.stop();
      await api.close();
      journal.close();
      await registry.settled();
      await queue.close();
      registry.close();
      siteThresholds.close();
      audit.record({ event: 'application-stop', who: '-', outcome: 'done' });
      audit.close();
      lock.release();
      log.write('hub-stopped', {});
    },
  };
}
