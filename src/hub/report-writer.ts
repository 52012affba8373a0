/**
 * Writes a revision's reports: one per finding family, built from the registry and the stored headers (in a thread:
 * report-builder.ts), put into the spool, then recorded together with their deliveries in one commit. Idempotent: the
 * same revision makes the same bytes under the same UIDs, so a crash at any point, of the thread too, is mended by doing
 * it again. One study at a time: reports are small, and the flag has long been shown.
 */
import { isProjectionXRay } from '../dicom/sop-classes.ts';
import type { Deliverable, DestinationWishes } from '../delivery/plan.ts';
import { picturedSopClasses, planDeliveries, reportSopClasses } from '../delivery/plan.ts';
import type { Spool } from '../intake/spool.ts';
import type { InstanceRecord } from '../registry/instance-rows.ts';
import type { Registry } from '../registry/registry.ts';
import type { NewDelivery, ReportFile } from '../registry/report-rows.ts';
import { reportKind } from '../report/report-facts.ts';
import type { ChestReportFacts, ReportingDevice, ReportReference, SourceImage, Statement, UnreadImage } from '../report/report-facts.ts';
import type { CodedReason, FindingFamily, ModelReference, Study } from '../study/types.ts';
import { bodyPartClaim } from '../study/header-claims.ts';
import { createReportBuilder } from './report-builder.ts';
import type { ReportBuilder } from './report-builder.ts';
import { keepReport } from './report-file.ts';
import { pictureOf } from './report-pictures.ts';
import type { StudyEngine } from './study-engine.ts';

/** The families that this site's models answer for, and by which models. */
export interface ReportingFamily {
  readonly family: FindingFamily;
  readonly models: readonly ModelReference[];
}

export interface ReportWriterParts {
  readonly registry: Registry;
  readonly spool: Spool;
  /** The folder of the pictures that workers leave. */
  readonly previews: string;
  readonly families: readonly ReportingFamily[];
  readonly destinations: readonly DestinationWishes[];
  readonly device: ReportingDevice;
  readonly configurationSha256: string;
  readonly now: () => number;
  readonly engine: () => Pick<StudyEngine, 'changed' | 'execute'>;
  readonly onWritten: (about: { readonly study: Study; readonly reportCount: number; readonly durationMs: number }) => void;
  readonly onTrouble: (studyInstanceUid: string, error: unknown) => void;
  /** A picture that a destination wants could not be made; the report goes without. */
  readonly onPictureMissing: (studyInstanceUid: string, error: unknown) => void;
}

export interface ReportWriter {
  /** Soon; the same study and revision twice is once. */
  write(studyInstanceUid: string, revision: number): void;
  /** Finishes the study under way, unless it hangs; what waits besides is derived again at the next start. */
  close(): Promise<void>;
}

/** For the study under way when the hub stops: it takes milliseconds. */
const CLOSE_GRACE_MS = 5_000;

export function createReportWriter(parts: ReportWriterParts, builder: ReportBuilder = createReportBuilder()): ReportWriter {
  const wanted = new Map<string, number>();
  let running: Promise<void> | undefined;
  let closed = false;

  async function run(): Promise<void> {
    for (;;) {
      const [next] = wanted;
      if (next === undefined) return;
      const [studyInstanceUid, revision] = next;
      wanted.delete(studyInstanceUid);
      await writeRevision(parts, builder, studyInstanceUid, revision).catch((error: unknown) => parts.onTrouble(studyInstanceUid, error));
    }
  }

  return {
    write(studyInstanceUid, revision) {
      if (closed) return;
      wanted.set(studyInstanceUid, Math.max(revision, wanted.get(studyInstanceUid) ?? 0));
      running ??= run().finally(() => {
        running = undefined;
      });
    },
    async close() {
      closed = true;
      wanted.clear();
      const hangs = setTimeout(() => void builder.close(), CLOSE_GRACE_MS);
      await running;
      clearTimeout(hangs);
      await builder.close();
    },
  };
}

async function writeRevision(parts: ReportWriterParts, builder: ReportBuilder, studyInstanceUid: string, revision: number): Promise<void> {
  const { registry, spool, now } = parts;
  const startedAtMs = now();
  const study = registry.study(studyInstanceUid);
  // A newer image came meanwhile: its revision asks again.
  if (study === undefined || study.revision !== revision || (study.reportedRevision ?? 0) >= revision) return;
  const instances = registry.instancesOf(studyInstanceUid);
  const images = reportableImages(instances);
  const reports: ReportFile[] = [];
  // A file that retention took away is still named, from its row; patient and study are read from one that is there.
  const readable = [...images, ...instances].find(({ removedAtMs }) => removedAtMs === undefined);
  if (images.length > 0 && readable !== undefined) {
    const patientAndStudy = await builder.patientAndStudy(spool.path('instances', readable.fileKey), readable.header.transferSyntaxUid);
    for (const { family, models } of familiesOf(study, parts.families)) {
      reports.push(...(await writeFamily(parts, builder, { study, family, models, images, patientAndStudy })));
    }
  }
  const change = await registry.commitSoon(() => registry.recordReports(studyInstanceUid, revision, reports, deliveries(parts, reports, instances), now()));
  parts.engine().changed(change.study);
  parts.engine().execute(studyInstanceUid, change.commands);
  parts.onWritten({ study: change.study, reportCount: reports.length, durationMs: now() - startedAtMs });
}

/**
 * What was found names the model that found it: the site's models may be others by now (replaced between answer and
 * report), or another machine's worker may have more of them.
 */
function familiesOf({ assessment }: Study, site: readonly ReportingFamily[]): readonly ReportingFamily[] {
  const answered = assessment.findings.flatMap(({ family, model, shadow }): ReportingFamily[] => (shadow === true ? [] : [{ family, models: [model] }]));
  const stillServed = ({ family, models: [model] }: ReportingFamily): ReportingFamily | undefined =>
    site.find((each) => each.family === family && each.models.some(({ sha256 }) => sha256 === model?.sha256));
  return [...answered.map((each) => stillServed(each) ?? each), ...site.filter(({ family }) => !answered.some((each) => each.family === family))];
}

/**
 * Chest radiographs, those that were read first; a CT slice, a hip, or our own report coming back is nothing to report
 * on. Those whose file retention removed belong to it: a flag that was theirs does not fall because a later image came.
 */
function reportableImages(instances: readonly InstanceRecord[]): readonly InstanceRecord[] {
  const there = instances.filter(({ header, standing }) =>
    standing.status !== 'variant' && standing.status !== 'conflict' && header.seriesInstanceUid !== undefined && header.studyUidSynthesised !== true && header.hasPixelData);
  const scored = there.filter(isScored);
  // "Not analysed" is said of what a reader may take for an analysed chest; nobody expects it of a hip.
  return [...scored, ...there.filter((each) => !isScored(each) && isProjectionXRay(each.header.sopClassUid) && bodyPartClaim(each.header.bodyPartExamined) !== 'other')];
}

const isScored = ({ standing }: InstanceRecord): boolean => standing.status === 'scored';

/** The films that a family's score does not speak for: not read at all, or not by this family's models. */
function unreadImages(family: FindingFamily, images: readonly InstanceRecord[]): readonly UnreadImage[] {
  return images.flatMap(({ sopInstanceUid, standing }): UnreadImage[] => {
    const reason = standing.status === 'scored' ? standing.notAssessed.find((each) => each.family === family)?.reason : standing.reason;
    return reason === undefined ? [] : [{ sopInstanceUid, reason }];
  });
}

interface ReportRequest {
  readonly study: Study;
  readonly family: FindingFamily;
  readonly models: readonly ModelReference[];
  readonly images: readonly InstanceRecord[];
  readonly patientAndStudy: ChestReportFacts['patientAndStudy'];
}

/** The report in each SOP class that somebody wants; and its picture, which those that get it name. */
async function writeFamily(parts: ReportWriterParts, builder: ReportBuilder, request: ReportRequest): Promise<ReportFile[]> {
  const { registry, spool, destinations } = parts;
  const { study, family, images } = request;
  const facts = factsOf(parts, request);
  const { statement } = facts;
  const pictured = picturedSopClasses(destinations);
  const film = statement.kind === 'scored' ? images.find(({ sopInstanceUid }) => sopInstanceUid === statement.finding.sopInstanceUid) : undefined;
  const onMissing = (error: unknown): void => parts.onPictureMissing(study.studyInstanceUid, error);
  const visual = pictured.length === 0 || film === undefined ? undefined : await pictureOf({ builder, previews: parts.previews, onMissing }, facts, film.fileKey);
  const files: ReportFile[] = [];
  for (const sopClass of reportSopClasses(destinations)) {
    const kind = sopClass === 'comprehensive' ? 'sr-comprehensive' : 'sr';
    const earlier = registry.reportsOf(study.studyInstanceUid).find((report) => report.family === family && report.revision < study.revision && report.kind === kind);
    const report = await builder.report({
      ...facts,
      sopClass,
      ...(earlier === undefined ? {} : { predecessor: reference(earlier) }),
      ...(visual === undefined || !pictured.includes(sopClass) ? {} : { visual: reference(visual) }),
    });
    files.push(await keepReport(spool, report, { family, kind, outcome: reportKind(statement), ...(earlier === undefined ? {} : { predecessorSopInstanceUid: earlier.sopInstanceUid }) }));
  }
  if (visual !== undefined) files.push(await keepReport(spool, visual, { family, kind: 'secondary-capture', outcome: 'flagged' }));
  return files;
}

function reference({ sopClassUid, sopInstanceUid, seriesInstanceUid = '' }: Pick<ReportFile, 'sopClassUid' | 'sopInstanceUid' | 'seriesInstanceUid'>): ReportReference {
  return { sopClassUid, sopInstanceUid, seriesInstanceUid };
}

function factsOf(parts: ReportWriterParts, { study, family, models, images, patientAndStudy }: ReportRequest): ChestReportFacts {
  const analysedAtMs = analysisEndedAtMs(parts.registry, study);
  const statement = statementOf(study, family, images);
  const unread = statement.kind === 'scored' ? unreadImages(family, images) : [];
  return {
    family,
    sopClass: 'comprehensive-3d',
    studyInstanceUid: study.studyInstanceUid,
    revision: study.revision,
    patientAndStudy,
    images: images.map(sourceImage),
    statement,
    ...(unread.length === 0 ? {} : { unread }),
    findingPriority: 'urgent',
    rationale: study.reason.text,
    models,
    configurationSha256: parts.configurationSha256,
    device: parts.device,
    analysedAtMs,
    utcOffsetMinutes: -new Date(analysedAtMs).getTimezoneOffset(),
  };
}

function sourceImage({ header, sopInstanceUid, contentSha256, standing }: InstanceRecord): SourceImage {
  const rows = standing.image?.rows ?? header.rows;
  const columns = standing.image?.columns ?? header.columns;
  return {
    sopClassUid: header.sopClassUid,
    sopInstanceUid,
    seriesInstanceUid: header.seriesInstanceUid ?? '',
    contentSha256,
    modality: header.modality ?? 'OT',
    ...(rows === undefined ? {} : { rows }),
    ...(columns === undefined ? {} : { columns }),
  };
}

function statementOf(study: Study, family: FindingFamily, images: readonly InstanceRecord[]): Statement {
  const finding = study.assessment.findings.find((each) => each.family === family);
  const on = finding && images.find(({ sopInstanceUid }) => sopInstanceUid === finding.sopInstanceUid);
  if (finding !== undefined && on !== undefined) return { kind: 'scored', finding, decodePath: on.standing.decodePath ?? '' };
  return { kind: 'not-analysed', reason: whyNot(study, family, images) };
}

function whyNot(study: Study, family: FindingFamily, images: readonly InstanceRecord[]): CodedReason {
  return study.assessment.notAssessed.find((each) => each.family === family)?.reason
    ?? (images.some(isScored) ? undefined : images.find(({ standing }) => standing.reason !== undefined)?.standing.reason)
    ?? study.attention
    ?? study.reason;
}

/** When the last answer came: a retry after a crash must write the same time, hence the same bytes. */
function analysisEndedAtMs(registry: Registry, study: Study): number {
  const answers = registry.events(study.studyInstanceUid).filter(({ event }) => ['instanceStored', 'instanceAnalysed', 'analysisFailed', 'instanceCompared'].includes(event.kind));
  return answers.at(-1)?.atMs ?? study.receivedAtMs;
}

function deliveries({ destinations }: ReportWriterParts, reports: readonly ReportFile[], instances: readonly InstanceRecord[]): NewDelivery[] {
  const deliverables: Deliverable[] = [
    ...reports.map(({ outcome, kind, sopInstanceUid, fileKey }) =>
      kind === 'secondary-capture'
        ? { subject: 'picture' as const, sopInstanceUid, fileKey }
        : { subject: 'report' as const, reportKind: outcome, sopClass: kind === 'sr-comprehensive' ? ('comprehensive' as const) : ('comprehensive-3d' as const), sopInstanceUid, fileKey },
    ),
    ...instances.filter(({ removedAtMs }) => removedAtMs === undefined).map(({ sopInstanceUid, fileKey }) => ({ subject: 'instance' as const, sopInstanceUid, fileKey })),
  ];
  return [...planDeliveries(destinations, deliverables)];
}
