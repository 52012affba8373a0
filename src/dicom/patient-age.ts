/**
 * A patient's age in years: PatientAge (AS, PS3.5 table 6.2-1: 045Y, 006M, 010W, 003D), else from the dates of birth
 * and study. Age decides whether a model may be asked, so anything implausible is "not known".
 */
const AGE_YEARS_MAX = 130;
const YEARS_PER_UNIT: Readonly<Record<string, number>> = { Y: 1, M: 1 / 12, W: 7 / 365.25, D: 1 / 365.25 };

function parseDate(text: string | undefined): { year: number; month: number; day: number } | undefined {
  // 19700131, and the retired 1970.01.31.
  const match = /^(\d{4})[.-]?(\d{2})[.-]?(\d{2})/.exec(text ?? '');
  if (match === null) return undefined;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  return year >= 1850 && month >= 1 && month <= 12 && day >= 1 && day <= 31 ? { year, month, day } : undefined;
}

/** Whole years for adults, with a fraction below one year. */
export function patientAgeYears(patientAge: string | undefined, birthDate: string | undefined, studyDate: string | undefined): number | undefined {
  const written = /^\s*(\d{1,3})\s*([YMWD])?\s*$/i.exec(patientAge ?? '');
  if (written !== null) {
    const years = Number(written[1]) * YEARS_PER_UNIT[(written[2] ?? 'Y').toUpperCase()]!;
    // 000Y is what devices write when they do not know.
    if (years <= AGE_YEARS_MAX && !(years === 0 && (written[2] ?? 'Y').toUpperCase() === 'Y')) return years;
  }
  const birth = parseDate(birthDate);
  const study = parseDate(studyDate);
  if (birth === undefined || study === undefined) return undefined;
  const beforeBirthday = study.month < birth.month || (study.month === birth.month && study.day < birth.day);
  const years = study.year - birth.year - (beforeBirthday ? 1 : 0);
  if (years < 0 || years > AGE_YEARS_MAX) return undefined;
  if (years > 0) return years;
  return Math.max(0, ((study.year - birth.year) * 365.25 + (study.month - birth.month) * 30.44 + (study.day - birth.day)) / 365.25);
}
