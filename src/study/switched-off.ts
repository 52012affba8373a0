/**
 * A family of findings that the site has switched off: what is left of a worker's answer. PURE. The hub decides, when it
 * takes the answer in: jobs that wait, jobs under way and workers on other machines obey the same switch at the same
 * moment. What was taken in before stays: a flag never falls. Leaves out: who switched and why (hub/model-switches.ts).
 */
import { reasonOf } from './reasons.ts';
import type { AnalysisOutcome, FindingFamily, NotAssessed, Study, StudyInstance } from './types.ts';

/** Findings of models in shadow stay: nobody is shown them, and a comparison goes on. */
export function withholdFamilies(outcome: AnalysisOutcome, off: ReadonlySet<FindingFamily>): AnalysisOutcome {
  if (outcome.kind !== 'scored' || off.size === 0) return outcome;
  const isWithheld = ({ family, shadow }: { readonly family: FindingFamily; readonly shadow?: boolean }): boolean => shadow !== true && off.has(family);
  const withheld = new Set(outcome.findings.filter(isWithheld).map(({ family }) => family));
  if (withheld.size === 0) return outcome;
  return {
    ...outcome,
    findings: outcome.findings.filter((finding) => !isWithheld(finding)),
    notAssessed: [...outcome.notAssessed, ...[...withheld].map((family): NotAssessed => ({ family, reason: reasonOf('model-off') }))],
  };
}

/** Analysed while the family was off: worth another look once it is on again. */
export function missesModel(instance: StudyInstance, family?: FindingFamily): boolean {
  return instance.status === 'scored' && instance.notAssessed.some((one) => one.reason.code === 'model-off' && (family === undefined || one.family === family));
}

/** The images of a study to ask again about a family that is on again: each that missed it, also where another image has an answer (a nodule may be on one of two films only). */
export function imagesToAskAgain(study: Study, family: FindingFamily): readonly StudyInstance[] {
  return study.instances.filter((instance) => missesModel(instance, family));
}
