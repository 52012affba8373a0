/**
 * Studies that have left the list, read or closed: pages of them, latest first or in another order. There may be years of
 * them, so they are counted and skipped in an index, and what took long is good for a while even when one more leaves.
 */
import type { Database } from './database.ts';
import { leftCondition, SORT_COLUMN, type SortKey, type Value, type WorklistFilter, type WorklistSort } from './worklist-filter.ts';

export interface Keyed {
  readonly id: number;
  readonly key: SortKey;
}

export interface LeftStudies {
  count(filter: WorklistFilter, version: number): number;
  /** Latest first. */
  page(filter: WorklistFilter, offset: number, limit: number): readonly number[];
  /** All of them with what they are to be ordered by, in no order. */
  keyed(filter: WorklistFilter, sort: Exclude<WorklistSort, 'rank'>): readonly Keyed[];
  /** What `make` gives for this key, made anew where the list has another version, unless that took long just now. */
  ordered(key: string, version: number, make: () => readonly number[]): readonly number[];
}

/** Answers kept: two readers with a few filters each. */
const KEPT_MAX = 8;
/** What took 30 ms is right for 600 ms, whatever happens meanwhile: at most a twentieth of the hub's time goes here. */
const GOOD_FOR_TIMES = 20;

const FROM = 'FROM studies INDEXED BY studies_left WHERE';

export function createLeftStudies(database: Database): LeftStudies {
  const kept = new Map<string, { readonly version: number; readonly goodUntilMs: number; readonly answer: unknown }>();
  database.onVoid(() => kept.clear());

  function keep<T>(key: string, version: number, make: () => T): T {
    const fromMs = performance.now();
    const known = kept.get(key);
    if (known !== undefined && (known.version === version || fromMs < known.goodUntilMs)) return known.answer as T;
    const answer = make();
    const nowMs = performance.now();
    kept.delete(key);
    kept.set(key, { version, goodUntilMs: nowMs + (nowMs - fromMs) * GOOD_FOR_TIMES, answer });
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!);
    return answer;
  }

  return {
    count(filter, version) {
      const { sql, values } = leftCondition(filter);
      return keep(`count ${sql} ${values.join(' ')}`, version, () => Number(database.get(`SELECT count(*) AS n ${FROM} ${sql}`, ...values)?.['n']));
    },
    page(filter, offset, limit) {
      const { sql, values } = leftCondition(filter);
      const bound: Value[] = [...values, Math.min(limit, Number.MAX_SAFE_INTEGER), offset];
      return database.all(`SELECT id ${FROM} ${sql} ORDER BY left_at_ms DESC LIMIT ? OFFSET ?`, ...bound).map((row) => Number(row['id']));
    },
    ordered: (key, version, make) => keep(key, version, make),
    keyed(filter, sort) {
      const { sql, values } = leftCondition(filter);
      return database.all(`SELECT id, ${SORT_COLUMN[sort]} AS key ${FROM} ${sql}`, ...values) as unknown as Keyed[];
    },
  };
}
