/** What the list's filter menus offer: the sites, devices and readers that its studies name. And who is next in the queue. */
import type { Database } from './database.ts';
import type { OpenStudies } from './open-studies.ts';

export interface Facets {
  readonly sites: readonly string[];
  readonly devices: readonly string[];
  /** Who has read a study or holds one. */
  readonly readers: readonly string[];
}

export interface WorklistFacets {
  facets(nowMs: number): Facets;
  /** Place of each analysing study among them, 1 is analysed next: STAT first, then the oldest. By Study Instance UID. */
  analysingOrder(): ReadonlyMap<string, number>;
}

/** A menu longer than this is no menu; and a device that makes up titles does not fill the page. */
const FACET_MAX = 200;
/** New names on a menu may take this long. */
const FACETS_VALID_MS = 60_000;

export function createWorklistFacets(database: Database, open: Pick<OpenStudies, 'current'>): WorklistFacets {
  let latest: { readonly madeAtMs: number; readonly facets: Facets } | undefined;
  let queue: { readonly version: number; readonly order: ReadonlyMap<string, number> } | undefined;

  function collect(): Facets {
    const [sites, devices, readers] = [new Set<unknown>(), new Set<unknown>(), new Set<unknown>()];
    for (const { institution, callingAe } of open.current().studies.values()) {
      sites.add(institution);
      devices.add(callingAe);
    }
    // Few different triples in any number of studies.
    for (const row of database.all('SELECT DISTINCT institution, calling_ae, read_by FROM studies INDEXED BY studies_left WHERE on_list = 0')) {
      sites.add(row['institution']);
      devices.add(row['calling_ae']);
      readers.add(row['read_by']);
    }
    for (const row of database.all('SELECT DISTINCT claimed_by FROM claims')) readers.add(row['claimed_by']);
    return { sites: menu(sites), devices: menu(devices), readers: menu(readers) };
  }

  return {
    facets(nowMs) {
      if (latest === undefined || nowMs < latest.madeAtMs || nowMs - latest.madeAtMs >= FACETS_VALID_MS) {
        latest = { madeAtMs: nowMs, facets: database.transact(collect) };
      }
      return latest.facets;
    },
    analysingOrder: () =>
      database.transact(() => {
        const { version, studies } = open.current();
        if (queue?.version !== version) {
          const waiting = [...studies.values()].filter(({ state }) => state === 'analysing');
          waiting.sort((a, b) => Number(b.stat) - Number(a.stat) || a.arrivedAtMs - b.arrivedAtMs || a.id - b.id);
          queue = { version, order: new Map(waiting.map(({ studyInstanceUid }, at) => [studyInstanceUid, at + 1])) };
        }
        return queue.order;
      }),
  };
}

function menu(names: ReadonlySet<unknown>): string[] {
  const given = [...names].filter((name): name is string => typeof name === 'string' && name !== '');
  return given.sort((a, b) => a.localeCompare(b, 'vi')).slice(0, FACET_MAX);
}
