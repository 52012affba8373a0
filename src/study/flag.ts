/**
 * What a row says at a glance (PURE). Four states, and never a fifth that sounds like an all-clear: "not flagged" means
 * that every model that was asked stayed below its threshold, nothing more.
 */
import type { CodedReason, Finding, StudyState } from './types.ts';

export type Flag = 'flagged' | 'not-flagged' | 'analysing' | 'not-analysed';

export const FLAGS: readonly Flag[] = ['flagged', 'not-flagged', 'analysing', 'not-analysed'];

/** Findings that count: models under comparison are recorded and never shown. */
export const shownFindings = <F extends Finding>(findings: readonly F[]): readonly F[] => findings.filter((finding) => finding.shadow !== true);

/** Of a study or of its row: the fields are the same. `findings` without models under comparison. */
export interface Flaggable {
  readonly state: StudyState;
  readonly findings: readonly { readonly flagged: boolean }[];
  readonly attention?: CodedReason | null;
}

export function flagOf({ state, findings, attention }: Flaggable): Flag {
  // A flag stays a flag while a later image is analysed, and when a later image fails.
  if (findings.some((finding) => finding.flagged)) return 'flagged';
  if (state === 'attention' || (attention !== undefined && attention !== null)) return 'not-analysed';
  if (state === 'receiving' || state === 'analysing') return 'analysing';
  if (state === 'ineligible' || findings.length === 0) return 'not-analysed';
  return 'not-flagged';
}

/** The models have spoken: what "arrival to flag" waits for. */
export const isFlagKnown = (flag: Flag): boolean => flag === 'flagged' || flag === 'not-flagged';
