/** A page asks for its list again with every change: the same person looking at the same list is one audited view, for a while. */
import type { Audit } from '../ops/audit.ts';
import type { ApiCall } from './route.ts';

const REMEMBERED_COUNT_MAX = 1_000;

/** `list`: another list than the worklist. */
export function createViewNote(audit: Audit, now: () => number, everyMs: number): (call: ApiCall, search: string | undefined, list?: string) => void {
  const noted = new Map<string, number>();
  return (call, search, list) => {
    const key = `${call.caller.key} ${list ?? ''} ${search ?? ''}`;
    if (now() - (noted.get(key) ?? -Infinity) < everyMs) return;
    noted.delete(key);
    noted.set(key, now());
    if (noted.size > REMEMBERED_COUNT_MAX) noted.delete(noted.keys().next().value!);
    const details = { ...(search === undefined ? {} : { searched: true }), ...(list === undefined ? {} : { list }) };
    audit.record({ event: 'worklist-viewed', who: call.caller.name, from: call.from, outcome: 'done', ...(Object.keys(details).length === 0 ? {} : { details }) });
  };
}
