/**
 * The ranked list and the search. Ranking needs a few columns of every open study, a row needs its JSON: so 10,000 studies
 * are ranked by columns and only the page that is asked for is parsed. A row's rank is its place on the whole list, also
 * where a filter hides its neighbours.
 */
import { explainOrder } from '../study/explain-order.ts';
import { DEFAULT_CAPS_MINUTES, rankWorklist, type Rankable, type RankedStudy, type WaitingCaps } from '../study/worklist-order.ts';
import { toWorklistRow, type StudySummary, type WorklistRow } from '../study/worklist-row.ts';
import type { FindingFamily, Priority, StudyState } from '../study/types.ts';
import type { Database, Row } from './database.ts';
import { searchPatterns } from './search-text.ts';

export interface WorklistFilter {
  /** Name, patient ID, accession number, description; accents and case do not matter. */
  readonly search?: string;
  readonly states?: readonly StudyState[];
  readonly priorities?: readonly Priority[];
  readonly flagged?: FindingFamily;
  readonly callingAeTitle?: string;
  readonly institutionName?: string;
  readonly receivedFromMs?: number;
  readonly receivedBeforeMs?: number;
  readonly readBy?: string;
}

export interface WorklistOptions {
  readonly nowMs: number;
  readonly caps?: WaitingCaps;
  readonly filter?: WorklistFilter;
  readonly offset?: number;
  readonly limit?: number;
  /** Studies that have left the list follow it, latest first, with rank null. */
  readonly includeRead?: boolean;
}

export interface WorklistPage {
  readonly rows: readonly WorklistRow[];
  /** Open studies in all, and those that the filter lets through. */
  readonly openCount: number;
  readonly matchingCount: number;
}

/** Rows of one page where the caller does not say. */
export const WORKLIST_LIMIT_DEFAULT = 200;

/** Waiting times on the list may be this old. */
const RANKING_VALID_MS = 1_000;
/** The condition of no filter. */
const EVERYTHING = '1';

export interface OpenCount {
  readonly state: StudyState;
  readonly priority: Priority;
  readonly flagged: boolean;
  /** Some model gave a score. */
  readonly scored: boolean;
  readonly attention: boolean;
  readonly count: number;
}

export interface WorklistQuery {
  worklist(options: WorklistOptions): WorklistPage;
  /** Open or not, latest first. */
  search(query: string, limit: number, nowMs: number): WorklistRow[];
  row(studyInstanceUid: string, nowMs: number, caps?: WaitingCaps): WorklistRow | undefined;
  /** "Why is A above B": undefined where one of them is not on the list. */
  explain(uidA: string, uidB: string, nowMs: number, caps?: WaitingCaps): string | undefined;
  /** How many open studies of each sort; what a page's counters need without parsing a row. */
  openCounts(): OpenCount[];
  /** Since when the study waits that has waited longest; undefined where nobody waits. */
  waitingSinceMs(): number | undefined;
}

type Placed = RankedStudy<Rankable & { readonly id: number }>;
type Value = string | number;

export function createWorklistQuery(database: Database): WorklistQuery {
  let latest: { key: string; ranked: readonly Placed[] } | undefined;
  // A ranking made inside a transaction that was rolled back knows studies that never were.
  database.onVoid(() => (latest = undefined));

  /** The whole list in order. Asked again within the second and nothing has changed: the same answer. */
  function rankOpen(nowMs: number, caps: WaitingCaps): readonly Placed[] {
    const key = `${Math.floor(nowMs / RANKING_VALID_MS)} ${database.changeMark()} ${JSON.stringify(caps)}`;
    if (latest?.key === key) return latest.ranked;
    const rows = database.all('SELECT id, study_uid, priority, inpatient, age_years, waiting_since_ms FROM studies WHERE on_list = 1');
    latest = { key, ranked: rankWorklist(rows.map(rankableOf), caps, nowMs) };
    return latest.ranked;
  }

  function matching(ranked: readonly Placed[], filter: WorklistFilter): readonly Placed[] {
    const { sql, values } = conditionOf(filter);
    if (sql === EVERYTHING) return ranked;
    const ids = new Set(database.all(`SELECT id FROM studies WHERE on_list = 1 AND ${sql}`, ...values).map((row) => Number(row['id'])));
    return ranked.filter(({ study }) => ids.has(study.id));
  }

  function summaryOf(id: number): StudySummary {
    return parseSummary(database.get('SELECT summary_json FROM studies WHERE id = ?', id) as Row);
  }

  function worklist(options: WorklistOptions): WorklistPage {
    const { nowMs, caps = DEFAULT_CAPS_MINUTES, filter = {}, offset = 0, limit = WORKLIST_LIMIT_DEFAULT } = options;
    return database.transact(() => {
      const ranked = rankOpen(nowMs, caps);
      const shown = matching(ranked, filter);
      const rows = shown.slice(offset, offset + limit).map((placed) => toWorklistRow(summaryOf(placed.study.id), placed));
      if (options.includeRead && rows.length < limit) {
        rows.push(...left(filter, Math.max(0, offset - shown.length), limit - rows.length));
      }
      return { rows, openCount: ranked.length, matchingCount: shown.length };
    });
  }

  function left(filter: WorklistFilter, offset: number, limit: number): WorklistRow[] {
    const { sql, values } = conditionOf(filter);
    return database
      .all(
        `SELECT summary_json FROM studies WHERE id IN
           (SELECT id FROM studies INDEXED BY studies_left WHERE on_list = 0 AND ${sql} ORDER BY left_at_ms DESC LIMIT ? OFFSET ?)
         ORDER BY left_at_ms DESC`,
        ...values,
        Math.min(limit, Number.MAX_SAFE_INTEGER),
        offset,
      )
      .map((row) => toWorklistRow(parseSummary(row), undefined));
  }

  function search(query: string, limit: number, nowMs: number): WorklistRow[] {
    const { sql, values } = conditionOf({ search: query });
    return database.transact(() => {
      // The inner query finds by index alone: years of studies are not read for three rows.
      const found = database.all(
        `SELECT id, on_list, summary_json FROM studies WHERE id IN
           (SELECT id FROM studies INDEXED BY studies_search WHERE ${sql} ORDER BY received_at_ms DESC LIMIT ?)
         ORDER BY received_at_ms DESC`,
        ...values,
        limit,
      );
      const ranks = new Map(found.some((row) => row['on_list'] === 1) ? rankOpen(nowMs, DEFAULT_CAPS_MINUTES).map((placed) => [placed.study.id, placed]) : []);
      return found.map((row) => toWorklistRow(parseSummary(row), ranks.get(Number(row['id']))));
    });
  }

  function explain(uidA: string, uidB: string, nowMs: number, caps: WaitingCaps = DEFAULT_CAPS_MINUTES): string | undefined {
    return database.transact(() => {
      const ranked = rankOpen(nowMs, caps);
      const withReason = (uid: string) => {
        const placed = ranked.find(({ study }) => study.studyInstanceUid === uid);
        return placed && { ...placed, study: { ...placed.study, reason: summaryOf(placed.study.id).reason } };
      };
      const [a, b] = [withReason(uidA), withReason(uidB)];
      return a && b && explainOrder(a, b);
    });
  }

  return {
    worklist,
    search,
    row(studyUid, nowMs, caps = DEFAULT_CAPS_MINUTES) {
      return database.transact(() => {
        const row = database.get('SELECT summary_json FROM studies WHERE study_uid = ?', studyUid);
        if (!row) return undefined;
        return toWorklistRow(parseSummary(row), rankOpen(nowMs, caps).find(({ study }) => study.studyInstanceUid === studyUid));
      });
    },
    explain,
    openCounts: () =>
      database
        .all(
          `SELECT state, priority, flagged <> '' AS flagged, scored, attention, count(*) AS n
           FROM studies WHERE on_list = 1 GROUP BY 1, 2, 3, 4, 5`,
        )
        .map((row) => ({
          state: row['state'] as StudyState,
          priority: row['priority'] as Priority,
          flagged: row['flagged'] === 1,
          scored: row['scored'] === 1,
          attention: row['attention'] === 1,
          count: Number(row['n']),
        })),
    waitingSinceMs() {
      const since = database.get('SELECT min(waiting_since_ms) AS since FROM studies WHERE on_list = 1')?.['since'];
      return since === null || since === undefined ? undefined : Number(since);
    },
  };
}

function rankableOf(row: Row): Placed['study'] {
  return {
    id: Number(row['id']),
    studyInstanceUid: String(row['study_uid']),
    priority: row['priority'] as Priority,
    receivedAtMs: Number(row['waiting_since_ms']),
    order: { inpatient: row['inpatient'] === 1, ...(row['age_years'] === null ? {} : { patientAgeYears: Number(row['age_years']) }) },
  };
}

/** Filters as one SQL condition; values are bound, never spliced. */
function conditionOf(filter: WorklistFilter): { sql: string; values: Value[] } {
  const parts: string[] = [];
  const values: Value[] = [];
  const add = (sql: string, ...bound: readonly Value[]): void => {
    parts.push(sql);
    values.push(...bound);
  };
  for (const pattern of searchPatterns(filter.search ?? '')) add("search_text LIKE ? ESCAPE '\\'", pattern);
  if (filter.states) add(`state IN (${marks(filter.states)})`, ...filter.states);
  if (filter.priorities) add(`priority IN (${marks(filter.priorities)})`, ...filter.priorities);
  if (filter.flagged) add('instr(flagged, ?) > 0', `|${filter.flagged}|`);
  if (filter.callingAeTitle !== undefined) add('calling_ae IS ?', filter.callingAeTitle);
  if (filter.institutionName !== undefined) add('institution IS ?', filter.institutionName);
  if (filter.receivedFromMs !== undefined) add('received_at_ms >= ?', filter.receivedFromMs);
  if (filter.receivedBeforeMs !== undefined) add('received_at_ms < ?', filter.receivedBeforeMs);
  if (filter.readBy !== undefined) add('read_by IS ?', filter.readBy);
  return { sql: parts.length > 0 ? `(${parts.join(' AND ')})` : EVERYTHING, values };
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

function parseSummary(row: Row): StudySummary {
  return JSON.parse(String(row['summary_json'])) as StudySummary;
}
