/** The registry's studies as the API asks for them; what a person does becomes an event of the study machine. */
import type { JournalEntry, ReaderAction, ReportRow, StudiesPort } from '../api/ports.ts';
import { flagOf } from '../api/flag.ts';
import type { Flag } from '../api/flag.ts';
import type { ReportRecord } from '../registry/report-rows.ts';
import type { Registry } from '../registry/registry.ts';
import { scoreAndThreshold } from '../study/assessment.ts';
import type { StudyEvent } from '../study/events.ts';
import type { WaitingCaps } from '../study/worklist-order.ts';
import type { SiteModels } from './site-models.ts';
import type { StudyEngine } from './study-engine.ts';

export interface StudiesPortParts {
  readonly registry: Registry;
  readonly engine: StudyEngine;
  readonly caps: WaitingCaps;
  readonly models: SiteModels;
  readonly modelsReady: () => boolean;
}

const DAY_MS = 24 * 60 * 60_000;

export function createStudiesPort({ registry, engine, caps, models, modelsReady }: StudiesPortParts): StudiesPort {
  return {
    worklist({ limit, offset, includeRead, search }, nowMs) {
      const page = registry.worklist({ nowMs, caps, limit, offset, includeRead, ...(search === undefined || search === '' ? {} : { filter: { search } }) });
      // Of those that have left nobody knows the number; a full page says that there may be one more.
      const mayBeMore = includeRead && page.rows.length === limit ? 1 : 0;
      return { total: Math.max(page.matchingCount, offset + page.rows.length + mayBeMore), rows: page.rows, flagCounts: countFlags(registry) };
    },
    study(studyInstanceUid, nowMs) {
      const row = registry.row(studyInstanceUid, nowMs, caps);
      const study = registry.study(studyInstanceUid);
      return row && study && { row, study };
    },
    imagesOf: (studyInstanceUid) =>
      registry.instancesOf(studyInstanceUid).map(({ sopInstanceUid, contentSha256, fileKey, byteLength, origin, header }) => ({
        sopInstanceUid,
        contentSha256,
        fileKey,
        byteLength,
        receivedAtMs: origin.receivedAtMs,
        callingAeTitle: origin.callingAeTitle,
        header,
      })),
    studyOfFile: (fileKey) => registry.fileKeyRow(fileKey)?.studyInstanceUid,
    journalOf: (studyInstanceUid) => registry.events(studyInstanceUid).map(({ atMs, event }) => ({ atMs, ...describe(event) })),
    reportsOf: (studyInstanceUid) => registry.reportsOf(studyInstanceUid).map(reportRow),
    report(sopInstanceUid) {
      const record = registry.reportBySopInstanceUid(sopInstanceUid);
      return record && { ...reportRow(record), studyInstanceUid: record.studyInstanceUid };
    },
    deliveries({ studyInstanceUid, limit, offset }) {
      const all = studyInstanceUid !== undefined
        ? registry.deliveriesOf(studyInstanceUid)
        : (['failed', 'pending', 'sent', 'verified'] as const).flatMap((state) => registry.deliveries(state, offset + limit));
      return all.slice(offset, offset + limit).map((row) => ({
        id: String(row.id),
        studyInstanceUid: row.studyInstanceUid,
        destination: row.destination,
        kind: row.subject === 'instance' ? 'original' : row.subject,
        state: row.state,
        attempts: row.attempts,
        updatedAtMs: row.updatedAtMs,
        ...(row.state === 'pending' ? { nextAttemptAtMs: row.nextAttemptAtMs } : {}),
        ...(row.error === undefined ? {} : { error: row.error }),
      }));
    },
    refusals: ({ limit, offset }) => registry.refusals(offset + limit).slice(offset),
    devices: (nowMs) => registry.devices(nowMs - DAY_MS),
    models: () => models.models.filter(({ shadow }) => !shadow).map(({ shadow: _shadow, ...model }) => ({ ...model, ready: modelsReady() })),
    explainOrder(a, b, nowMs) {
      const explanation = registry.explain(a, b, nowMs, caps);
      const [rowA, rowB] = [registry.row(a, nowMs, caps), registry.row(b, nowMs, caps)];
      if (explanation === undefined || rowA === undefined || rowB === undefined) return undefined;
      const aAbove = (rowA.rank ?? Infinity) <= (rowB.rank ?? Infinity);
      return { above: aAbove ? a : b, below: aAbove ? b : a, explanation };
    },
    act(studyInstanceUid, action, by) {
      if (registry.study(studyInstanceUid) === undefined) return 'unknown-study';
      return engine.apply(studyInstanceUid, eventOf(action, by)) === undefined ? 'refused' : 'done';
    },
  };
}

function eventOf(action: ReaderAction, by: string): StudyEvent {
  switch (action.kind) {
    case 'read':
      return { kind: 'read', by, where: 'here' };
    case 'unread':
      return { kind: 'unread', by };
    case 'prioritise':
      return { kind: 'prioritised', stat: action.stat, by };
    case 'close':
      return { kind: 'closed', by, reason: action.reason };
    case 'acknowledge':
      return { kind: 'acknowledged', by };
  }
}

function countFlags(registry: Registry): Record<Flag, number> {
  const counts: Record<Flag, number> = { flagged: 0, 'not-flagged': 0, analysing: 0, 'not-analysed': 0 };
  for (const { state, flagged, scored, attention, count } of registry.openCounts()) {
    // The same question as for a row, asked of a whole group.
    const findings = flagged ? [{ flagged: true }] : scored ? [{ flagged: false }] : [];
    counts[flagOf({ state, findings, attention: attention ? { code: '', text: '' } : null })] += count;
  }
  return counts;
}

const reportRow = ({ sopInstanceUid, revision, family, kind, fileKey, writtenAtMs }: ReportRecord): ReportRow => ({ sopInstanceUid, revision, family, kind, fileKey, writtenAtMs });

/** One plain line for the journal, without patient data. */
function describe(event: StudyEvent): Pick<JournalEntry, 'kind' | 'text' | 'by'> {
  const { kind } = event;
  switch (event.kind) {
    case 'instanceStored':
      return { kind, text: `image stored${event.instance.header.reason === undefined ? '' : `: ${event.instance.header.reason.text}`}` };
    case 'instanceCompared':
      return { kind, text: event.samePixels ? 'same picture in another encoding' : 'another picture under the same identifier' };
    case 'instanceAnalysed':
      return { kind, text: describeOutcome(event) };
    case 'analysisFailed':
      return { kind, text: `set aside after ${event.attempts} tries` };
    case 'retried':
      return { kind, text: 'to be tried again', by: event.by };
    case 'reportsWritten':
      return { kind, text: `reports of revision ${event.revision} written` };
    case 'deliveriesDone':
      return { kind, text: `revision ${event.revision} delivered` };
    case 'prioritised':
      return { kind, text: event.stat ? 'marked STAT' : 'no longer STAT', by: event.by };
    case 'read':
      return { kind, text: `read (${event.where})`, by: event.by };
    case 'unread':
      return { kind, text: 'put back on the list', by: event.by };
    case 'closed':
      return { kind, text: `closed: ${event.reason}`, by: event.by };
    case 'acknowledged':
      return { kind, text: 'attention acknowledged', by: event.by };
    case 'announced':
      return { kind, text: 'order known' };
  }
}

function describeOutcome({ outcome }: Extract<StudyEvent, { kind: 'instanceAnalysed' }>): string {
  if (outcome.kind === 'scored') {
    const scores = outcome.findings.filter(({ shadow }) => shadow !== true).map((finding) => `${finding.label} ${scoreAndThreshold(finding)}`);
    return `analysed: ${scores.join(', ') || 'no model was asked'}`;
  }
  return outcome.kind === 'compared' ? 'compared with the first one' : `${outcome.kind === 'ineligible' ? 'not analysed' : 'could not be analysed'}: ${outcome.reason.text}`;
}
