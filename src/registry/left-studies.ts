/**
 * Studies that have left the list, read or closed: pages of them, latest first or in another order. There may be years of
 * them, so they are counted and skipped in an index, and what took long is good for a while even when one more leaves.
 */
import type { Database } from './database.ts';
import { leftCondition, SORT_COLUMN, type Direction, type Value, type WorklistFilter, type WorklistSort } from './worklist-filter.ts';

export interface LeftStudies {
  count(filter: WorklistFilter, version: number): number;
  /** Latest first. */
  page(filter: WorklistFilter, offset: number, limit: number): readonly number[];
  /** All of them and these open ones, in an order. What is remembered under the key is made anew where the list has another version, unless that took long just now. */
  ordered(key: string, version: number, order: { readonly filter: WorklistFilter; readonly sort: Exclude<WorklistSort, 'rank'>; readonly direction: Direction }, openIds: () => readonly number[]): readonly number[];
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
    ordered: (key, version, { filter, sort, direction }, openIds) =>
      keep(key, version, () => {
        const { sql, values } = leftCondition(filter);
        const keyed = `SELECT id, ${SORT_COLUMN[sort]} AS key`;
        // Sorted there and handed over as one text: 100,000 rows as objects, sorted here, take five times as long.
        const row = database.get(
          `SELECT json_group_array(id) AS ids FROM (
             SELECT id FROM (${keyed} ${FROM} ${sql} UNION ALL ${keyed} FROM studies WHERE id IN (SELECT value FROM json_each(?)))
             ORDER BY key IS NULL, key ${direction}, id ${direction})`,
          ...values,
          JSON.stringify(openIds()),
        );
        return JSON.parse(String(row?.['ids'])) as readonly number[];
      }),
  };
}
