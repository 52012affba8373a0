/**
 * What a row says at a glance (PURE). Four states, and never a fifth that sounds like an all-clear: "not flagged" means
 * that every model that was asked stayed below its threshold, nothing more.
 */
import type { CodedReason, Finding, Study } from '../study/types.ts';

export type Flag = 'flagged' | 'not-flagged' | 'analysing' | 'not-analysed';

export const FLAGS: readonly Flag[] = ['flagged', 'not-flagged', 'analysing', 'not-analysed'];

/** Findings that count: models under comparison are recorded and never shown. */
export const shownFindings = <F extends Finding>(findings: readonly F[]): readonly F[] => findings.filter((finding) => finding.shadow !== true);

export function flagOf(study: Study): Flag {
  const findings = shownFindings(study.assessment.findings);
  // A flag stays a flag while a later image is analysed, and when a later image fails.
  if (findings.some((finding) => finding.flagged)) return 'flagged';
  if (study.state === 'attention' || study.attention !== undefined) return 'not-analysed';
  if (study.state === 'receiving' || study.state === 'analysing') return 'analysing';
  if (study.state === 'ineligible' || findings.length === 0) return 'not-analysed';
  return 'not-flagged';
}

/** Set where a human must look: at the study's conflict, failure or damaged image. */
export function attentionOf(study: Study): CodedReason | undefined {
  return study.attention ?? (study.state === 'attention' ? study.reason : undefined);
}
