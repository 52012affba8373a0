/**
 * How long studies took: from the first image to the first time that the models had spoken, and to the first time that it
 * was read. From one index (`studies_turnaround`), a day at a time, so that a year of studies holds nobody up.
 * Leaves out: closing by hand or rule, which is no reading; and what came back to the list later.
 */
import { setImmediate } from 'node:timers/promises';
import type { FlagAndRead, Spans, Turnaround } from '../study/turnaround.ts';
import type { Priority } from '../study/types.ts';
import type { Database } from './database.ts';

export interface TurnaroundQuery {
  /** Studies that arrived from `fromMs` on and before `toMs`. */
  turnaround(fromMs: number, toMs: number): Promise<Turnaround>;
}

const PRIORITIES: readonly Priority[] = ['critical', 'urgent', 'undetermined', 'routine'];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Then whoever sends an image, or asks for the list, gets a turn. */
const ROWS_AT_ONCE = 2_000;

interface Times {
  readonly arrived: number;
  readonly priority: Priority;
  readonly flagged: number | null;
  readonly read: number | null;
}

interface Gathered {
  readonly flag: number[];
  readonly read: number[];
}

const gather = (): Gathered => ({ flag: [], read: [] });

export function createTurnaroundQuery(database: Database): TurnaroundQuery {
  const arrivedIn = (fromMs: number, toMs: number): readonly Times[] =>
    database.all(
      `SELECT received_at_ms AS arrived, priority, flag_known_at_ms AS flagged, first_read_at_ms AS read
       FROM studies INDEXED BY studies_turnaround
       WHERE (flag_known_at_ms IS NOT NULL OR first_read_at_ms IS NOT NULL) AND received_at_ms >= ? AND received_at_ms < ?`,
      fromMs,
      toMs,
    ) as unknown as readonly Times[];

  return {
    async turnaround(fromMs, toMs) {
      const all = gather();
      const classes = new Map(PRIORITIES.map((priority) => [priority, gather()]));
      const hours = Array.from({ length: 24 }, gather);
      const hourOf = createHourOf();
      let sinceBreath = 0;
      for (let dayMs = fromMs; dayMs < toMs; dayMs += DAY_MS) {
        const times = arrivedIn(dayMs, Math.min(toMs, dayMs + DAY_MS));
        for (const { arrived, priority, flagged, read } of times) {
          for (const into of [all, classes.get(priority), hours[hourOf(arrived)]]) {
            // Clocks are set back now and then: nothing takes less than no time.
            if (flagged !== null) into?.flag.push(Math.max(0, flagged - arrived));
            if (read !== null) into?.read.push(Math.max(0, read - arrived));
          }
        }
        sinceBreath += times.length;
        if (sinceBreath < ROWS_AT_ONCE) continue;
        sinceBreath = 0;
        await setImmediate();
      }
      return {
        ...spansOf(all),
        byClass: [...classes].map(([priority, gathered]) => ({ priority, ...spansOf(gathered) })),
        byHour: hours.map((gathered, hour) => ({ hour, ...spansOf(gathered) })),
      };
    },
  };
}

/** The local hour, asked of the calendar once an hour of the epoch and not once a study. */
function createHourOf(): (atMs: number) => number {
  const known = new Map<number, number>();
  return (atMs) => {
    // Time zones are shifted by quarters of an hour at the finest.
    const quarter = Math.floor(atMs / (HOUR_MS / 4));
    let hour = known.get(quarter);
    if (hour === undefined) known.set(quarter, (hour = new Date(atMs).getHours()));
    return hour;
  };
}

const spansOf = ({ flag, read }: Gathered): FlagAndRead => ({ flag: spans(flag), read: spans(read) });

/** Nearest rank: a time that some study really took. */
function spans(values: readonly number[]): Spans {
  if (values.length === 0) return { count: 0, medianMs: null, p95Ms: null, maxMs: null };
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { count: sorted.length, medianMs: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}
