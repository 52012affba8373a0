/**
 * Filters and orders of the list, said twice: of the open studies in memory, and as SQL of those that have left, where
 * every column that is asked about lies in `studies_left` (migrations.ts). Values are bound, never spliced.
 */
import type { Flag } from '../study/flag.ts';
import type { FindingFamily, Priority, StudyState } from '../study/types.ts';
import type { OpenStudy } from './open-studies.ts';
import { searchPatterns, searchWords } from './search-text.ts';

export interface WorklistFilter {
  /** Name, patient ID, accession number, description; accents and case do not matter. */
  readonly search?: string;
  readonly flags?: readonly Flag[];
  readonly states?: readonly StudyState[];
  readonly priorities?: readonly Priority[];
  readonly flagged?: FindingFamily;
  readonly callingAeTitle?: string;
  readonly institutionName?: string;
  readonly receivedFromMs?: number;
  readonly receivedBeforeMs?: number;
  /** On the list since before then without a break: a study that was reopened waits anew. Nothing that has left waits. */
  readonly waitingBeforeMs?: number;
  /** Read by, or held by a claim. */
  readonly reader?: string;
  /** Nobody but this person holds a claim. */
  readonly freeFor?: string;
}

/** What the list can be ordered by. */
export type WorklistSort = 'rank' | 'received' | 'name' | 'age';
export type Direction = 'asc' | 'desc';

export type Value = string | number;

/** Who holds which study, by its row's id. */
export type Holders = ReadonlyMap<number, string>;

/** Undefined where everything is let through. */
export function openFilter(filter: WorklistFilter, holders: Holders): ((study: OpenStudy) => boolean) | undefined {
  const parts: ((study: OpenStudy) => boolean)[] = [];
  const { flags, states, priorities, flagged, callingAeTitle, institutionName, receivedFromMs, receivedBeforeMs, waitingBeforeMs, reader, freeFor } = filter;
  const family = `|${flagged}|`;
  if (flags) parts.push(({ flag }) => flags.includes(flag));
  if (states) parts.push(({ state }) => states.includes(state));
  if (priorities) parts.push(({ priority }) => priorities.includes(priority));
  if (flagged !== undefined) parts.push((study) => study.flagged.includes(family));
  if (callingAeTitle !== undefined) parts.push(({ callingAe }) => callingAe === callingAeTitle);
  if (institutionName !== undefined) parts.push(({ institution }) => institution === institutionName);
  if (receivedFromMs !== undefined) parts.push(({ arrivedAtMs }) => arrivedAtMs >= receivedFromMs);
  if (receivedBeforeMs !== undefined) parts.push(({ arrivedAtMs }) => arrivedAtMs < receivedBeforeMs);
  if (waitingBeforeMs !== undefined) parts.push(({ receivedAtMs }) => receivedAtMs < waitingBeforeMs);
  if (reader !== undefined) parts.push(({ id }) => holders.get(id) === reader);
  if (freeFor !== undefined) parts.push(({ id }) => (holders.get(id) ?? freeFor) === freeFor);
  for (const word of searchWords(filter.search ?? '')) parts.push(({ searchText }) => searchText.includes(word));
  return parts.length === 0 ? undefined : (study) => parts.every((part) => part(study));
}

/** The same of studies that have left, as a condition with its values. */
export function leftCondition(filter: WorklistFilter): { readonly sql: string; readonly values: readonly Value[] } {
  const parts: string[] = ['on_list = 0'];
  const values: Value[] = [];
  const add = (sql: string, ...bound: readonly Value[]): void => {
    parts.push(sql);
    values.push(...bound);
  };
  if (filter.flags) add(`flag IN (${marks(filter.flags)})`, ...filter.flags);
  if (filter.states) add(`state IN (${marks(filter.states)})`, ...filter.states);
  if (filter.priorities) add(`priority IN (${marks(filter.priorities)})`, ...filter.priorities);
  if (filter.flagged) add('instr(flagged, ?) > 0', `|${filter.flagged}|`);
  if (filter.callingAeTitle !== undefined) add('calling_ae IS ?', filter.callingAeTitle);
  if (filter.institutionName !== undefined) add('institution IS ?', filter.institutionName);
  if (filter.receivedFromMs !== undefined) add('received_at_ms >= ?', filter.receivedFromMs);
  if (filter.receivedBeforeMs !== undefined) add('received_at_ms < ?', filter.receivedBeforeMs);
  if (filter.waitingBeforeMs !== undefined) add('FALSE');
  if (filter.reader !== undefined) add('read_by IS ?', filter.reader);
  for (const pattern of searchPatterns(filter.search ?? '')) add("search_text LIKE ? ESCAPE '\\'", pattern);
  return { sql: parts.join(' AND '), values };
}

/** What one order looks at; what is unknown comes last in either direction. */
export type SortKey = string | number | null;

type Order = Exclude<WorklistSort, 'rank'>;

/** `search_text` begins with the folded name; where that is empty, with the next field's line. */
export const SORT_COLUMN: Readonly<Record<Order, string>> = {
  received: 'received_at_ms',
  name: "nullif(substr(search_text, 1, instr(search_text, char(10)) - 1), '')",
  age: 'age_years',
};

export function sortKey(study: OpenStudy, sort: Order): SortKey {
  switch (sort) {
    case 'received':
      return study.arrivedAtMs;
    case 'name':
      return study.searchText.slice(0, study.searchText.indexOf('\n')) || null;
    case 'age':
      return study.order.patientAgeYears ?? null;
  }
}

export function bySortKey(direction: Direction): (a: { readonly key: SortKey; readonly id: number }, b: { readonly key: SortKey; readonly id: number }) => number {
  const way = direction === 'asc' ? 1 : -1;
  return (a, b) => {
    if (a.key === b.key) return (a.id - b.id) * way;
    if (a.key === null || b.key === null) return a.key === null ? 1 : -1;
    return a.key < b.key ? -way : way;
  };
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
