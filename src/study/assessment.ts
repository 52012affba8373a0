/**
 * From findings to one answer for the study: the highest finding ever seen per family, the reading priority, and the
 * one line a reader sees. Pure. A flag never falls: a lower later score adds, it does not erase.
 */
import type { Assessment, CodedReason, Finding, FindingFamily, NotAssessed, Priority, Study, StudyInstance, StudyState } from './types.ts';
import { awaitsAnalysis } from './outstanding.ts';
import { REASONS, reasonEntry } from './reasons.ts';
import { missesModel } from './switched-off.ts';

/** A site's rules beyond "flagged" and "STAT". */
export interface PriorityRules {
  /** A flagged score from here on is critical even without STAT. Absent: only STAT makes a flag critical. */
  readonly criticalScoreMin?: Partial<Record<FindingFamily, number>>;
}

/** No model here has been validated for telling critical from flagged, so only an order (STAT) does. */
export const DEFAULT_PRIORITY_RULES: PriorityRules = {};

type StudyFinding = Finding & { readonly sopInstanceUid: string };

/** Flagged before not flagged (thresholds may differ between models), then the higher score. */
function outweighs(a: Finding, b: Finding): boolean {
  return a.flagged === b.flagged ? a.score > b.score : a.flagged;
}

/** The assessment with one more scored image, of all these, in it. Shadow findings are recorded with the image, not here. */
export function mergeAssessment(before: Assessment, instance: StudyInstance, all: readonly StudyInstance[]): Assessment {
  const best = new Map<FindingFamily, StudyFinding>(before.findings.map((finding) => [finding.family, finding]));
  for (const finding of instance.findings) {
    const known = best.get(finding.family);
    if (!finding.shadow && (known === undefined || outweighs(finding, known))) {
      best.set(finding.family, { ...finding, sopInstanceUid: instance.sopInstanceUid });
    }
  }
  const notAssessed = new Map<FindingFamily, NotAssessed>();
  for (const missing of [...before.notAssessed, ...instance.notAssessed]) {
    if (!best.has(missing.family) && !notAssessed.has(missing.family)) notAssessed.set(missing.family, missing);
  }
  const partly = partlyNotAssessed(best, all);
  return { findings: [...best.values()], notAssessed: [...notAssessed.values()], ...(partly.length === 0 ? {} : { partlyNotAssessed: partly }) };
}

/** From all images anew: one that was asked again since, and answered, is no longer missing. */
function partlyNotAssessed(answered: ReadonlyMap<FindingFamily, unknown>, all: readonly StudyInstance[]): readonly NotAssessed[] {
  const missing = new Map<FindingFamily, NotAssessed>();
  for (const instance of all) {
    for (const one of instance.notAssessed) if (answered.has(one.family) && missesModel(instance, one.family)) missing.set(one.family, one);
  }
  return [...missing.values()];
}

export function flaggedFindings(assessment: Assessment): readonly StudyFinding[] {
  return assessment.findings.filter((finding) => finding.flagged).sort((a, b) => b.score - a.score);
}

export function priorityOf(
  study: Pick<Study, 'state' | 'assessment' | 'order'>,
  rules: PriorityRules = DEFAULT_PRIORITY_RULES,
): Priority {
  const flagged = flaggedFindings(study.assessment);
  const { stat } = study.order;
  if (flagged.length > 0) return stat || flagged.some((finding) => isCriticalScore(finding, rules)) ? 'critical' : 'urgent';
  if (stat) return 'urgent';
  return UNDETERMINED_STATES.has(study.state) ? 'undetermined' : 'routine';
}

const UNDETERMINED_STATES: ReadonlySet<StudyState> = new Set(['receiving', 'analysing', 'attention']);

function isCriticalScore(finding: Finding, rules: PriorityRules): boolean {
  const min = rules.criticalScoreMin?.[finding.family];
  return finding.flagged && min !== undefined && finding.score >= min;
}

/** The one line: what was found or why not, then everything else that raised the study. Parts are joined by " · ". */
export function reasonLine(study: Omit<Study, 'reason' | 'priority'>, rules: PriorityRules = DEFAULT_PRIORITY_RULES): CodedReason {
  const head = headline(study);
  const parts = [head.text];
  const flagged = flaggedFindings(study.assessment);
  if (head.code === 'flagged') {
    if (study.attention) parts.push(`Could not all be analysed: ${study.attention.text}`);
    if (study.instances.some(awaitsAnalysis)) parts.push('another image is still being analysed');
  } else if (head.code === study.attention?.code) {
    if (study.instances.some(awaitsAnalysis)) parts.push('another image is still being analysed');
    if (study.assessment.findings.length > 0) parts.push(scoresBelow(study.assessment));
  }
  if (head.code !== 'not-assessed') {
    for (const missing of study.assessment.notAssessed) parts.push(`${missing.family} not assessed: ${missing.reason.text}`);
  }
  for (const missing of study.assessment.partlyNotAssessed ?? []) parts.push(`another image not assessed for ${missing.family}: ${missing.reason.text}`);
  const beyond = flagged.find((finding) => isCriticalScore(finding, rules));
  if (beyond) parts.push(`critical from ${rules.criticalScoreMin?.[beyond.family]}`);
  if (study.order.stat) parts.push(study.order.statSource ? `STAT (${study.order.statSource})` : 'STAT');
  if (study.reopenedReason) parts.push(study.reopenedReason.text);
  return { code: head.code, text: parts.join(' · ') };
}

function headline(study: Omit<Study, 'reason' | 'priority'>): CodedReason {
  const { assessment, attention, state } = study;
  const flagged = flaggedFindings(assessment);
  if (flagged.length > 0) {
    const scores = flagged.map((finding) => `${finding.label} ${scoreAndThreshold(finding)}`);
    return { code: 'flagged', text: capitalise(scores.join(', ')) };
  }
  if (attention) return { code: attention.code, text: attentionText(attention) };
  if (state === 'receiving' || state === 'analysing') return { code: state, text: REASONS[state].text };
  if (state === 'attention') return unreadableLine(study.instances);
  if (state === 'ineligible') return ineligibleLine(study.instances);
  if (assessment.findings.length > 0) return { code: 'below-threshold', text: scoresBelow(assessment) };
  const missing = assessment.notAssessed.map(({ family, reason }) => `${family} (${reason.text})`);
  return { code: 'not-assessed', text: missing.length > 0 ? `Not assessed: ${missing.join(', ')}` : 'Not assessed: no model applies' };
}

function scoresBelow(assessment: Assessment): string {
  const scores = [...assessment.findings].sort((a, b) => b.score - a.score).map((finding) => `${finding.label} ${points(finding.score)}`);
  return `${REASONS['below-threshold'].text}: ${scores.join(', ')}`;
}

/** A conflict is no failure to analyse: the image that came first may well be scored. */
function attentionText(attention: CodedReason): string {
  return reasonEntry(attention.code)?.kind === 'attention' ? `Needs a look: ${attention.text}` : `Could not be analysed: ${attention.text}`;
}

/** Acknowledged, but still nothing of it could be read: the study stays, and says why. */
function unreadableLine(instances: readonly StudyInstance[]): CodedReason {
  const failed = instances.find((instance) => instance.status === 'unreadable' || instance.status === 'conflict');
  const reason = failed?.reason ?? { code: 'quarantined', text: REASONS.quarantined.text };
  return { code: reason.code, text: attentionText(reason) };
}

/** The different reasons, at most three: a CT of 400 slices has one. */
function ineligibleLine(instances: readonly StudyInstance[]): CodedReason {
  const reasons = new Map<string, CodedReason>();
  for (const { status, reason } of instances) {
    if (status === 'ineligible' && reason) reasons.set(reason.text, reason);
    if (reasons.size === 3) break;
  }
  const [first] = reasons.values();
  return { code: first?.code ?? 'not-an-image', text: `Not analysed: ${[...reasons.keys()].join(', ')}` };
}

/** A score on the line is a whole number; 40.6 against a threshold of 41 must not read as "41 below 41". */
export function points(score: number): string {
  return String(Math.floor(score));
}

/** A score of 52 below a threshold of 52.8 must not read as one of 52. */
const wholeOrTenth = (threshold: number): string => (Number.isInteger(threshold) ? String(threshold) : threshold.toFixed(1));

/** A site's own threshold is said to be one: it is not the number in the model's card. */
export function scoreAndThreshold({ score, threshold, siteThreshold }: Pick<Finding, 'score' | 'threshold' | 'siteThreshold'>): string {
  return `${points(score)} (${siteThreshold === undefined ? '' : 'site '}threshold ${wholeOrTenth(threshold)})`;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
