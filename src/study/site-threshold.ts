/**
 * A site's own thresholds (`firstread calibrate`): for one model file and family one common number, and for some sexes
 * and ages another. PURE. Which of them holds for a patient is decided here, from the header alone, once, by the hub; the
 * job carries the answer, so that every worker on every machine judges alike. Leaves out: where they are kept
 * (hub/site-thresholds.ts), how they are chosen (evaluation/).
 */
import type { FindingFamily, InstanceHeader } from './types.ts';
import type { BothLanguages, Wording } from './wording.ts';

/** Whom a number of its own is for. What is not given does not matter. */
export interface PatientGroup {
  readonly sex?: 'F' | 'M';
  readonly ageYearsMin?: number;
  /** The first age that no longer belongs to it. */
  readonly ageYearsBelow?: number;
}

export interface GroupThreshold extends PatientGroup {
  /** 0–100. */
  readonly threshold: number;
}

export interface SiteThreshold {
  /** Names it in history, reports and the audit trail. */
  readonly id: string;
  readonly family: FindingFamily;
  /** Of the .onnx file that it was chosen for: another file ignores it. */
  readonly modelSha256: string;
  /** 0–100, for everybody whom no group holds, unknown age or sex included. */
  readonly threshold: number;
  readonly groups: readonly GroupThreshold[];
  /** One line: operating point, films, date. */
  readonly origin: Wording;
}

/** What one film is judged by. Travels with its job. */
export interface JudgingThreshold {
  readonly id: string;
  readonly family: FindingFamily;
  readonly modelSha256: string;
  readonly threshold: number;
  readonly origin: Wording;
  /** Set where the patient's sex or age has a number of its own, e.g. "F, 15–34 years". */
  readonly group?: Wording;
}

type Patient = Pick<InstanceHeader, 'patientAgeYears' | 'patientSex'>;

export function judgingThresholds(site: readonly SiteThreshold[], patient: Patient): readonly JudgingThreshold[] {
  return site.map(({ id, family, modelSha256, threshold, groups, origin }) => {
    const group = groups.find((each) => belongsTo(patient, each));
    const judged = { id, family, modelSha256, origin, threshold: group?.threshold ?? threshold };
    return group === undefined ? judged : { ...judged, group: groupWording(group) };
  });
}

/** Who is not known to belong does not belong. */
export function belongsTo({ patientAgeYears, patientSex }: Patient, group: PatientGroup): boolean {
  if (group.sex !== undefined && patientSex?.trim().toUpperCase() !== group.sex) return false;
  if (group.ageYearsMin === undefined && group.ageYearsBelow === undefined) return true;
  if (patientAgeYears === undefined) return false;
  return patientAgeYears >= (group.ageYearsMin ?? 0) && patientAgeYears < (group.ageYearsBelow ?? Infinity);
}

export function groupLabel({ sex, ageYearsMin, ageYearsBelow }: PatientGroup): string {
  const years =
    ageYearsMin === undefined && ageYearsBelow === undefined ? undefined
    : ageYearsBelow === undefined ? `${ageYearsMin} years and over`
    : (ageYearsMin ?? 0) === 0 ? `under ${ageYearsBelow} years`
    : `${ageYearsMin}–${ageYearsBelow - 1} years`;
  return [sex, years].filter((part) => part !== undefined).join(', ') || 'everybody';
}

/** The same for the page. */
export function groupWording(group: PatientGroup): BothLanguages {
  const { sex, ageYearsMin, ageYearsBelow } = group;
  const years =
    ageYearsMin === undefined && ageYearsBelow === undefined ? undefined
    : ageYearsBelow === undefined ? `từ ${ageYearsMin} tuổi`
    : (ageYearsMin ?? 0) === 0 ? `dưới ${ageYearsBelow} tuổi`
    : `${ageYearsMin}–${ageYearsBelow - 1} tuổi`;
  const vi = [sex === undefined ? undefined : sex === 'F' ? 'nữ' : 'nam', years].filter((part) => part !== undefined).join(', ') || 'mọi bệnh nhân';
  return { en: groupLabel(group), vi };
}
