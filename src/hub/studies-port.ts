/** The registry's studies as the API asks for them; what a person does becomes an event of the study machine. */
import type { ReaderAction, ReportRow, StudiesPort, WorklistCounts, WorklistQuery } from '../api/ports.ts';
import type { ReadingRow } from '../api/reading-ports.ts';
import type { ReportRecord } from '../registry/report-rows.ts';
import type { Registry } from '../registry/registry.ts';
import type { WorklistFilter } from '../registry/worklist-filter.ts';
import type { StudyEvent } from '../study/events.ts';
import type { Flag } from '../study/flag.ts';
import type { WaitingCaps } from '../study/worklist-order.ts';
import type { WorklistRow } from '../study/worklist-row.ts';
import type { AnalysisPace } from './analysis-pace.ts';
import { deliveryRow } from './delivery-board.ts';
import { journalLine } from './journal-line.ts';
import type { SiteModels } from './site-models.ts';
import type { StudyEngine } from './study-engine.ts';

export interface StudiesPortParts {
  readonly registry: Registry;
  readonly engine: StudyEngine;
  readonly caps: WaitingCaps;
  readonly models: SiteModels;
  readonly modelsReady: () => boolean;
  readonly pace: Pick<AnalysisPace, 'msPerImage'>;
}

/** A study has a few reports, an image or two, and some destinations. */
const DELIVERIES_SHOWN_MAX = 100;

export function createStudiesPort({ registry, engine, caps, models, modelsReady, pace }: StudiesPortParts): StudiesPort {
  /** Until the answer, from its place in the queue; absent where no worker runs or none has answered yet. */
  function estimate({ studyInstanceUid, state }: WorklistRow): { readonly estimateMs?: number } {
    const msPerImage = state === 'analysing' && modelsReady() ? pace.msPerImage() : undefined;
    const place = msPerImage === undefined ? undefined : registry.analysingOrder().get(studyInstanceUid);
    return place === undefined ? {} : { estimateMs: Math.round(place * msPerImage!) };
  }

  const readingRow = (row: WorklistRow, nowMs: number): ReadingRow => ({
    ...row,
    ...estimate(row),
    claim: registry.claimOf(row.studyInstanceUid, nowMs) ?? null,
    feedbackCount: registry.feedbackCount(row.studyInstanceUid),
  });

  return {
    worklist(query, who, nowMs) {
      const { limit, offset, sort, direction } = query;
      const scope = query.scope === 'mine' ? 'unread' : query.scope;
      const page = registry.worklist({ nowMs, caps, limit, offset, scope, sort, ...(direction === undefined ? {} : { direction }), filter: filterOf(query, who) });
      return { total: page.matchingCount, rows: page.rows.map((row) => readingRow(row, nowMs)), counts: countsOf(registry, who, nowMs) };
    },
    study(studyInstanceUid, nowMs) {
      const row = registry.row(studyInstanceUid, nowMs, caps);
      const study = registry.study(studyInstanceUid);
      return row && study && { row: readingRow(row, nowMs), study };
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
    journalOf: (studyInstanceUid) => registry.events(studyInstanceUid).map(({ atMs, event }) => ({ atMs, ...journalLine(event) })),
    reportsOf: (studyInstanceUid) => registry.reportsOf(studyInstanceUid).filter(({ removedAtMs }) => removedAtMs === undefined).map(reportRow),
    report(sopInstanceUid) {
      const record = registry.reportBySopInstanceUid(sopInstanceUid);
      return record && { ...reportRow(record), studyInstanceUid: record.studyInstanceUid };
    },
    deliveriesOf: (studyInstanceUid) => registry.deliveriesOf(studyInstanceUid).slice(0, DELIVERIES_SHOWN_MAX).map(deliveryRow),
    models: () => models.models.filter(({ shadow }) => !shadow).map(({ shadow: _shadow, ...model }) => ({ ...model, ready: modelsReady() })),
    explainOrder: (a, b, nowMs) => registry.explain(a, b, nowMs, caps),
    act(studyInstanceUid, action, by) {
      const study = registry.study(studyInstanceUid);
      if (study === undefined) return 'unknown-study';
      if (action.kind === 'acknowledge' && study.attention === undefined) return 'refused';
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

function filterOf(query: WorklistQuery, who: string): WorklistFilter {
  const { search, flags, finding, site, device, fromMs, toMs, reader } = query;
  const filter: { readonly [K in keyof WorklistFilter]: WorklistFilter[K] | undefined } = {
    search, flags, flagged: finding, institutionName: site, callingAeTitle: device, receivedFromMs: fromMs, receivedBeforeMs: toMs, reader,
    freeFor: query.scope === 'mine' ? who : undefined,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function countsOf(registry: Registry, who: string, nowMs: number): WorklistCounts {
  const flags: Record<Flag, number> = { flagged: 0, 'not-flagged': 0, analysing: 0, 'not-analysed': 0 };
  for (const { flag, count } of registry.openCounts()) flags[flag] += count;
  const unread = Object.values(flags).reduce((sum, count) => sum + count, 0);
  const withOthers = registry.heldByOthers(who, nowMs);
  return { mine: unread - withOthers, unread, withOthers, ...flags };
}

const reportRow = ({ sopInstanceUid, revision, family, kind, fileKey, writtenAtMs }: ReportRecord): ReportRow => ({ sopInstanceUid, revision, family, kind, fileKey, writtenAtMs });
