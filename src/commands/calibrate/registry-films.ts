/**
 * Rows of a table of truth ↔ studies in a site's registry: by SOP Instance UID, accession number or patient ID. A study
 * counts with the highest score of its images, as the worklist would have judged it; only scores of one model file count.
 * What is not clear (two studies of one patient, truth both ways) is named and left out, never guessed. PURE.
 */
import type { CalibrationFilm } from '../../evaluation/choose-threshold.ts';
import type { RecordedFinding } from '../../registry/finding-query.ts';
import type { LabelRow, RowLeftOut } from '../labels-table.ts';

export interface TruthFilm extends CalibrationFilm {
  /** What the table calls it; no patient's name. */
  readonly name: string;
}

export interface TruthMatching {
  readonly films: readonly TruthFilm[];
  readonly leftOut: readonly RowLeftOut[];
  /** Rows that name nothing that is here. */
  readonly strangerCount: number;
  /** Rows whose films only other model files have scored. */
  readonly otherModelCount: number;
}

const NOT_HERE = 'names no film that is here';
const NO_SCORE = 'is here without a score: not for the model, or it could not be read';
const OTHER_MODEL = 'was scored by another model file only';

/** `findings`: of one family. `shas`: the model file and its half-precision twin. */
export function matchRecorded(rows: readonly LabelRow[], findings: readonly RecordedFinding[], shas: ReadonlySet<string>, isKnown: (identifier: string) => boolean): TruthMatching {
  const { matched, leftOut } = matchRows(rows, findings, shas, isKnown);
  return {
    films: matched.map(filmOf),
    leftOut,
    strangerCount: leftOut.filter(({ reason }) => reason === NOT_HERE).length,
    otherModelCount: leftOut.filter(({ reason }) => reason === OTHER_MODEL).length,
  };
}

export interface MatchedRow {
  readonly row: LabelRow;
  readonly name: string;
  /** Of the images that it means, by the model in question. */
  readonly found: readonly RecordedFinding[];
}

interface CountedRow extends MatchedRow {
  readonly found: RecordedFinding[];
}

/** `isKnown`: has the registry such a film at all? */
export function matchRows(rows: readonly LabelRow[], findings: readonly RecordedFinding[], shas: ReadonlySet<string>, isKnown: (identifier: string) => boolean): { readonly matched: readonly MatchedRow[]; readonly leftOut: readonly RowLeftOut[] } {
  const index = indexFindings(findings);
  const leftOut: RowLeftOut[] = [];
  const films: CountedRow[] = [];
  const filmOfImage = new Map<string, CountedRow>();
  const conflicts = new Set<CountedRow>();
  for (const row of rows) {
    const name = row.accessionNumber ?? row.sopInstanceUid ?? row.file ?? row.patient ?? '';
    const leave = (reason: string): void => void leftOut.push({ line: row.line, name, reason });
    const found = findFor(row, index);
    const own = typeof found === 'string' ? [] : found.filter(({ model }) => shas.has(model.sha256));
    // An accession number and a UID of one of its images are the same film.
    const earlier = [...new Set(own.flatMap(({ sopInstanceUid }) => filmOfImage.get(sopInstanceUid) ?? []))];
    const contradicted = earlier.filter((one) => one.row.positive !== row.positive);
    const film: CountedRow = earlier[0] ?? { row, name, found: [] };
    if (typeof found === 'string') leave(found === NOT_HERE && identifiersOf(row).some(isKnown) ? NO_SCORE : found);
    else if (own.length === 0) leave(OTHER_MODEL);
    else if (earlier.length === 0) films.push(film);
    else if (contradicted.length === 0) leave(`again: the same film as in line ${film.row.line}`);
    else leave(`truth both ways (line ${contradicted.map((one) => one.row.line).join(', ')})`);
    for (const one of contradicted) conflicts.add(one);
    for (const finding of own) {
      if ((filmOfImage.get(finding.sopInstanceUid) ?? film) !== film || film.found.includes(finding)) continue;
      filmOfImage.set(finding.sopInstanceUid, film);
      film.found.push(finding);
    }
  }
  for (const { row: { line }, name } of conflicts) leftOut.push({ line, name, reason: 'truth both ways' });
  return { matched: films.filter((film) => !conflicts.has(film)), leftOut: leftOut.toSorted((a, b) => a.line - b.line) };
}

interface FindingIndex {
  readonly byUid: ReadonlyMap<string, readonly RecordedFinding[]>;
  readonly byAccession: ReadonlyMap<string, readonly RecordedFinding[]>;
  readonly byPatient: ReadonlyMap<string, readonly RecordedFinding[]>;
}

function indexFindings(findings: readonly RecordedFinding[]): FindingIndex {
  const by = (keyOf: (finding: RecordedFinding) => string | undefined): ReadonlyMap<string, readonly RecordedFinding[]> => {
    const index = new Map<string, RecordedFinding[]>();
    for (const finding of findings) {
      const key = keyOf(finding);
      if (key === undefined || key === '') continue;
      const own = index.get(key);
      if (own === undefined) index.set(key, [finding]);
      else own.push(finding);
    }
    return index;
  };
  return { byUid: by(({ sopInstanceUid }) => sopInstanceUid), byAccession: by(({ accessionNumber }) => accessionNumber), byPatient: by(({ patientId }) => patientId) };
}

function identifiersOf({ sopInstanceUid, accessionNumber, patient, file }: LabelRow): readonly string[] {
  return [sopInstanceUid, accessionNumber, patient, bareName(file)].flatMap((word) => word ?? []);
}

/** "id" and "file" may hold any of the three; a path's folders and a name's ending are none of it. */
const bareName = (file: string | undefined): string | undefined => file?.replace(/^.*[\\/]/, '').replace(/\.(dcm|dicom|png|jpe?g)$/i, '');

/** The film itself where the row names it, else the one study that it can mean. */
function findFor(row: LabelRow, { byUid, byAccession, byPatient }: FindingIndex): readonly RecordedFinding[] | string {
  const any = bareName(row.file);
  const byFilm = [row.sopInstanceUid, any].map((key) => byUid.get(key ?? '')).find((found) => found !== undefined);
  if (byFilm !== undefined) return byFilm;
  const study = [row.accessionNumber, any].map((key) => byAccession.get(key ?? '')).find((found) => found !== undefined);
  if (study !== undefined) return new Set(study.map(recordedPatient)).size > 1 ? 'is an accession number of several patients' : study;
  const patient = [row.patient, any].map((key) => byPatient.get(key ?? '')).find((found) => found !== undefined);
  if (patient === undefined) return NOT_HERE;
  const studyCount = new Set(patient.map(({ studyInstanceUid }) => studyInstanceUid)).size;
  if (studyCount > 1) return `is a patient with ${studyCount} studies: name one by its accession number`;
  return patient;
}

/** Tells patients apart; a study without a patient ID stands for itself. */
export const recordedPatient = ({ patientId, issuerOfPatientId, studyInstanceUid }: RecordedFinding): string => (patientId === undefined ? `study ${studyInstanceUid}` : `${issuerOfPatientId ?? ''} ${patientId}`);

/** Age and sex as the header has them: that is what a threshold of a group will be chosen by. */
function filmOf({ name, row: { positive, patient }, found }: MatchedRow): TruthFilm {
  const best = found.reduce((a, b) => (b.score > a.score ? b : a));
  return {
    name,
    positive,
    score: best.score,
    patient: patient ?? recordedPatient(best),
    ...(best.patientSex === undefined ? {} : { patientSex: best.patientSex }),
    ...(best.patientAgeYears === undefined ? {} : { patientAgeYears: best.patientAgeYears }),
  };
}

/** Every study's highest score by this model, and how many studies come on a day that has any: what a workload is told by. */
export function siteWorkload(findings: readonly RecordedFinding[], shas: ReadonlySet<string>): { readonly scores: readonly number[]; readonly studiesPerDay: number } {
  const highest = new Map<string, number>();
  const days = new Set<number>();
  for (const { studyInstanceUid, score, model, receivedAtMs } of findings) {
    if (!shas.has(model.sha256)) continue;
    highest.set(studyInstanceUid, Math.max(score, highest.get(studyInstanceUid) ?? 0));
    days.add(Math.floor((receivedAtMs - new Date(receivedAtMs).getTimezoneOffset() * 60_000) / 86_400_000));
  }
  return { scores: [...highest.values()], studiesPerDay: days.size === 0 ? 0 : highest.size / days.size };
}
