/** The list's query string, checked by its schema, as the question that the port takes (PURE). */
import type { Flag } from '../study/flag.ts';
import type { FindingFamily } from '../study/types.ts';
import type { WorklistQuery } from './ports.ts';
import type { ApiCall } from './route.ts';

/** Names are compared as they are kept: NFC. A search is folded where it is asked. */
const named = (value: unknown): string | undefined => (value === undefined || String(value).trim() === '' ? undefined : String(value).normalize('NFC'));

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function worklistQueryOf(query: ApiCall['query']): WorklistQuery {
  const wanted: Mutable<WorklistQuery> = {
    limit: Number(query['limit']),
    offset: Number(query['offset']),
    scope: (query['scope'] as WorklistQuery['scope'] | undefined) ?? (query['includeRead'] === true ? 'all' : 'unread'),
    sort: query['sort'] as WorklistQuery['sort'],
  };
  const search = named(query['search']);
  if (search !== undefined) wanted.search = search;
  for (const key of ['site', 'device', 'reader'] as const) {
    const value = named(query[key]);
    if (value !== undefined) wanted[key] = value;
  }
  if (query['state'] !== undefined) wanted.flags = String(query['state']).split(',') as Flag[];
  if (query['finding'] !== undefined) wanted.finding = query['finding'] as FindingFamily;
  if (query['from'] !== undefined) wanted.fromMs = Number(query['from']);
  if (query['to'] !== undefined) wanted.toMs = Number(query['to']);
  if (query['direction'] !== undefined) wanted.direction = query['direction'] as 'asc' | 'desc';
  return wanted;
}
