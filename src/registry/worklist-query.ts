/**
 * The ranked list and the search. Ranking needs a few columns of every open study, a row needs its JSON: so 10,000 studies
 * are ranked and filtered by columns in memory and only the page that is asked for is parsed. A row's rank is its place on the whole list, also
 * where a filter hides its neighbours or another order is asked for.
 */
import type { Flag } from '../study/flag.ts';
import { whyAbove, type OrderReason } from '../study/explain-order.ts';
import { DEFAULT_CAPS_MINUTES, rankWorklist, type RankedStudy, type WaitingCaps } from '../study/worklist-order.ts';
import { toWorklistRow, type StudySummary, type WorklistRow } from '../study/worklist-row.ts';
import type { Priority, StudyState } from '../study/types.ts';
import type { ClaimRows } from './claim-rows.ts';
import type { Database, Row } from './database.ts';
import { createLeftStudies } from './left-studies.ts';
import type { OpenStudies, OpenStudy } from './open-studies.ts';
import { searchPatterns } from './search-text.ts';
import { bySortKey, openFilter, sortKey, type Direction, type Holders, type WorklistFilter, type WorklistSort } from './worklist-filter.ts';

export interface WorklistOptions {
  readonly nowMs: number;
  readonly caps?: WaitingCaps;
  readonly filter?: WorklistFilter;
  readonly offset?: number;
  readonly limit?: number;
  /** `unread`: on the list. `all`: by rank, those that have left follow, latest first, with rank null. */
  readonly scope?: 'unread' | 'all' | 'read';
  readonly sort?: WorklistSort;
  /** Default: ascending by rank and name, descending (latest, oldest patient) by arrival and age. */
  readonly direction?: Direction;
}

export interface WorklistPage {
  readonly rows: readonly WorklistRow[];
  /** Open studies in all, and what scope and filter let through. */
  readonly openCount: number;
  readonly matchingCount: number;
}

/** Rows of one page where the caller does not say. */
export const WORKLIST_LIMIT_DEFAULT = 200;

/** Waiting times on the list may be this old. */
const RANKING_VALID_MS = 1_000;
/** Orders remembered: two readers with a few filters each. */
const LISTS_KEPT_MAX = 8;
const NOBODY: Holders = new Map();

export interface OpenCount {
  readonly state: StudyState;
  readonly priority: Priority;
  readonly flag: Flag;
  readonly count: number;
}

export interface WorklistQuery {
  worklist(options: WorklistOptions): WorklistPage;
  /** Open or not, latest first. */
  search(query: string, limit: number, nowMs: number): WorklistRow[];
  row(studyInstanceUid: string, nowMs: number, caps?: WaitingCaps): WorklistRow | undefined;
  /** "Why is A above B": undefined where one of them is not on the list. */
  explain(uidA: string, uidB: string, nowMs: number, caps?: WaitingCaps): OrderReason | undefined;
  /** How many open studies of each sort; what a page's counters need without parsing a row. */
  openCounts(): readonly OpenCount[];
  /** Since when the study waits that has waited longest; undefined where nobody waits. */
  waitingSinceMs(): number | undefined;
}

type Placed = RankedStudy<OpenStudy>;
interface Ranking {
  readonly version: number;
  readonly key: string;
  readonly ranked: readonly Placed[];
  readonly byId: ReadonlyMap<number, Placed>;
}

export function createWorklistQuery(database: Database, open: Pick<OpenStudies, 'current'>, claims: Pick<ClaimRows, 'holders'>): WorklistQuery {
  const left = createLeftStudies(database);
  let latest: Ranking | undefined;
  let counts: { readonly version: number; readonly answer: readonly OpenCount[] } | undefined;
  let lists = new Map<string, readonly number[]>();
  let listsVersion = Number.NaN;

  /** The whole list in order. Asked again within the second and nothing has changed: the same answer. */
  function rankOpen(nowMs: number, caps: WaitingCaps): Ranking {
    const { version, studies } = open.current();
    const key = `${version} ${Math.floor(nowMs / RANKING_VALID_MS)} ${Object.values(caps).join(' ')}`;
    if (latest?.key === key) return latest;
    const ranked = rankWorklist([...studies.values()], caps, nowMs);
    latest = { version, key, ranked, byId: new Map(ranked.map((one) => [one.study.id, one])) };
    return latest;
  }

  /** Ids of open studies that the filter lets through, in the order asked for; scrolling does not sort again. */
  function openIds(ranking: Ranking, filter: WorklistFilter, sort: WorklistSort, direction: Direction, nowMs: number): readonly number[] {
    if (listsVersion !== ranking.version) lists = new Map();
    listsVersion = ranking.version;
    const holders = filter.reader === undefined && filter.freeFor === undefined ? NOBODY : claims.holders(nowMs);
    const key = JSON.stringify([sort === 'rank' ? ranking.key : sort, direction, filter, [...holders]]);
    const known = lists.get(key);
    if (known !== undefined) return known;
    const lets = openFilter(filter, holders);
    const ranked = ranking.ranked.flatMap(({ study }) => (lets === undefined || lets(study) ? [study] : []));
    const ids = sort === 'rank' ? ranked.map(({ id }) => id) : ranked.map((study) => ({ id: study.id, key: sortKey(study, sort) })).sort(bySortKey(direction)).map(({ id }) => id);
    if (sort === 'rank' && direction === 'desc') ids.reverse();
    lists.set(key, ids);
    if (lists.size > LISTS_KEPT_MAX) lists.delete(lists.keys().next().value!);
    return ids;
  }

  /** Those that have left too, in another order than rank's. */
  function mixedIds(ranking: Ranking, filter: WorklistFilter, sort: Exclude<WorklistSort, 'rank'>, direction: Direction, scope: 'all' | 'read', nowMs: number): readonly number[] {
    const key = JSON.stringify([sort, direction, scope, filter, filter.reader === undefined ? [] : [...claims.holders(nowMs)]]);
    return left.ordered(key, ranking.version, { filter, sort, direction }, () => (scope === 'read' ? [] : openIds(ranking, filter, sort, direction, nowMs)));
  }

  function worklist(options: WorklistOptions): WorklistPage {
    const { nowMs, caps = DEFAULT_CAPS_MINUTES, filter = {}, offset = 0, limit = WORKLIST_LIMIT_DEFAULT, scope = 'unread', sort = 'rank' } = options;
    const direction = options.direction ?? (sort === 'rank' || sort === 'name' ? 'asc' : 'desc');
    return database.transact(() => {
      const ranking = rankOpen(nowMs, caps);
      const page = (ids: readonly number[], matchingCount: number): WorklistPage => ({
        rows: ids.map((id) => toWorklistRow(summaryOf(id), ranking.byId.get(id))),
        openCount: ranking.ranked.length,
        matchingCount,
      });
      if (scope !== 'unread' && sort !== 'rank') {
        const ids = mixedIds(ranking, filter, sort, direction, scope, nowMs);
        return page(ids.slice(offset, offset + limit), ids.length);
      }
      const unread = scope === 'read' ? [] : openIds(ranking, filter, sort, direction, nowMs);
      const first = unread.slice(offset, offset + limit);
      if (scope === 'unread') return page(first, unread.length);
      const rest = first.length < limit ? left.page(filter, Math.max(0, offset - unread.length), limit - first.length) : [];
      return page([...first, ...rest], unread.length + left.count(filter, ranking.version));
    });
  }

  function summaryOf(id: number): StudySummary {
    return parseSummary(database.get('SELECT summary_json FROM studies WHERE id = ?', id) as Row);
  }

  function search(query: string, limit: number, nowMs: number): WorklistRow[] {
    const patterns = searchPatterns(query);
    const sql = patterns.map(() => "search_text LIKE ? ESCAPE '\\'").join(' AND ') || '1';
    return database.transact(() => {
      // The inner query finds by index alone: years of studies are not read for three rows.
      const found = database.all(
        `SELECT id, on_list, summary_json FROM studies WHERE id IN
           (SELECT id FROM studies INDEXED BY studies_search WHERE ${sql} ORDER BY received_at_ms DESC LIMIT ?)
         ORDER BY received_at_ms DESC`,
        ...patterns,
        limit,
      );
      const ranks = found.some((row) => row['on_list'] === 1) ? rankOpen(nowMs, DEFAULT_CAPS_MINUTES).byId : undefined;
      return found.map((row) => toWorklistRow(parseSummary(row), ranks?.get(Number(row['id']))));
    });
  }

  function explain(uidA: string, uidB: string, nowMs: number, caps: WaitingCaps = DEFAULT_CAPS_MINUTES): OrderReason | undefined {
    return database.transact(() => {
      const { ranked } = rankOpen(nowMs, caps);
      const withReason = (uid: string) => {
        const placed = ranked.find(({ study }) => study.studyInstanceUid === uid);
        return placed && { ...placed, study: { ...placed.study, reason: summaryOf(placed.study.id).reason } };
      };
      const [a, b] = [withReason(uidA), withReason(uidB)];
      return a && b && whyAbove(a, b);
    });
  }

  return {
    worklist,
    search,
    row(studyUid, nowMs, caps = DEFAULT_CAPS_MINUTES) {
      return database.transact(() => {
        const row = database.get('SELECT id, summary_json FROM studies WHERE study_uid = ?', studyUid);
        return row && toWorklistRow(parseSummary(row), rankOpen(nowMs, caps).byId.get(Number(row['id'])));
      });
    },
    explain,
    openCounts: () =>
      database.transact(() => {
        const { version, studies } = open.current();
        if (counts?.version !== version) counts = { version, answer: countsOf(studies.values()) };
        return counts.answer;
      }),
    waitingSinceMs() {
      const since = database.get('SELECT min(waiting_since_ms) AS since FROM studies WHERE on_list = 1')?.['since'];
      return since === null || since === undefined ? undefined : Number(since);
    },
  };
}

function countsOf(studies: Iterable<OpenStudy>): OpenCount[] {
  const counts = new Map<string, OpenCount>();
  for (const { state, priority, flag } of studies) {
    const key = `${state} ${priority} ${flag}`;
    counts.set(key, { state, priority, flag, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

function parseSummary(row: Row): StudySummary {
  return JSON.parse(String(row['summary_json'])) as StudySummary;
}
