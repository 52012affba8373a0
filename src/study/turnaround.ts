/** How long studies took, as the registry counts it and the API answers it. Data only. */
import type { Priority } from './types.ts';

export interface Spans {
  readonly count: number;
  /** Null where there is none. */
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
}

export interface FlagAndRead {
  /** Arrival → the models have spoken; arrival → read. */
  readonly flag: Spans;
  readonly read: Spans;
}

export interface Turnaround extends FlagAndRead {
  readonly byClass: readonly (FlagAndRead & { readonly priority: Priority })[];
  /** 24, by the hour of arrival where this machine stands. */
  readonly byHour: readonly (FlagAndRead & { readonly hour: number })[];
}
