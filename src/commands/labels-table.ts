/**
 * The truth about films, from a user's own table: which film, positive or negative, and what else is known (patient, sex,
 * age, any other column). Column names are found whatever their case and spelling; words for yes and no are many.
 * Nothing is guessed: a label that is neither is named, and its row left out.
 */
import { patientAgeYears } from '../dicom/patient-age.ts';
import { FirstreadError } from '../errors.ts';
import type { FindingFamily } from '../study/types.ts';
import type { CsvRow, CsvTable } from './csv-table.ts';
import { LABEL_COLUMNS, COLUMNS, judgeLabel, plain } from './label-words.ts';
import type { LabelWords } from './label-words.ts';

export interface LabelRow {
  readonly line: number;
  /** At least one of these three, or `patient` where that is enough. */
  readonly file?: string;
  readonly accessionNumber?: string;
  readonly sopInstanceUid?: string;
  readonly positive: boolean;
  /** As written. */
  readonly label: string;
  readonly patient?: string;
  readonly sex?: 'F' | 'M' | 'O';
  readonly ageYears?: number;
  /** Every cell that is not empty, by its column's name as written. */
  readonly values: Readonly<Record<string, string>>;
}

export interface RowLeftOut {
  readonly line: number;
  /** What the row calls its film. */
  readonly name: string;
  readonly reason: string;
}

export interface LabelsTable {
  readonly rows: readonly LabelRow[];
  readonly leftOut: readonly RowLeftOut[];
  /** Which column was taken for what. */
  readonly columns: Readonly<Partial<Record<keyof typeof COLUMNS | 'label', string>>>;
  readonly header: readonly string[];
}

export interface LabelOptions extends LabelWords {
  readonly family: FindingFamily;
  /** The column with the truth; found by its name where absent. */
  readonly labelColumn?: string;
  /** A patient ID alone names the film: for tables of a site with a registry. */
  readonly patientIsEnough?: boolean;
}

/** @throws FirstreadError('table-invalid') where there is no column for the film or for the truth, or no usable row */
export function readLabels(table: CsvTable, options: LabelOptions): LabelsTable {
  const columns = findColumns(table.header, options);
  const at = Object.fromEntries(Object.entries(columns).map(([key, name]) => [key, table.header.indexOf(name)])) as Partial<Record<keyof typeof COLUMNS | 'label', number>>;
  const cell = (row: CsvRow, key: keyof typeof COLUMNS | 'label'): string | undefined => (at[key] === undefined ? undefined : row.cells[at[key]] || undefined);
  const rows: LabelRow[] = [];
  const leftOut: RowLeftOut[] = [];
  for (const row of table.rows) {
    const name = cell(row, 'file') ?? cell(row, 'accessionNumber') ?? cell(row, 'sopInstanceUid') ?? (options.patientIsEnough === true ? cell(row, 'patient') : undefined);
    const label = cell(row, 'label');
    const judged = label === undefined ? undefined : judgeLabel(label, options.family, options);
    if (name === undefined) leftOut.push({ line: row.line, name: `line ${row.line}`, reason: 'names no film' });
    else if (label === undefined) leftOut.push({ line: row.line, name, reason: 'has no label' });
    else if (judged === undefined) leftOut.push({ line: row.line, name, reason: `the label ${JSON.stringify(label.slice(0, 60))} is neither positive nor negative` });
    else {
      rows.push({
        line: row.line,
        ...keep('file', cell(row, 'file')),
        ...keep('accessionNumber', cell(row, 'accessionNumber')),
        ...keep('sopInstanceUid', cell(row, 'sopInstanceUid')),
        positive: judged === 'positive',
        label,
        ...keep('patient', cell(row, 'patient')),
        ...keep('sex', readSex(cell(row, 'sex'))),
        ...keep('ageYears', readAge(cell(row, 'age'))),
        values: Object.fromEntries(table.header.flatMap((column, k) => (row.cells[k] === '' ? [] : [[column, row.cells[k] as string]]))),
      });
    }
  }
  if (rows.length === 0) throw new FirstreadError('table-invalid', noRowMessage(table, columns.label as string, options));
  return { rows, leftOut, columns, header: table.header };
}

/** Which column is what: by name, the more telling names first. */
function findColumns(header: readonly string[], { family, labelColumn, patientIsEnough = false }: LabelOptions): LabelsTable['columns'] {
  const find = (names: readonly string[]): string | undefined => names.flatMap((name) => header.filter((each) => plain(each) === name))[0];
  const label = labelColumn === undefined ? find(LABEL_COLUMNS[family]) : findColumn(header, labelColumn);
  const columns = { ...Object.fromEntries(Object.entries(COLUMNS).flatMap(([key, names]) => keepEntry(key, find(names)))), ...keep('label', label) } as LabelsTable['columns'];
  if (columns.file === undefined && columns.accessionNumber === undefined && columns.sopInstanceUid === undefined && (!patientIsEnough || columns.patient === undefined)) {
    throw new FirstreadError('table-invalid', `no column names the film: call one file, accession${patientIsEnough ? ', patient ID' : ''} or SOP Instance UID (columns: ${listOf(header)})`);
  }
  if (label === undefined) throw new FirstreadError('table-invalid', `no column holds the truth: call one label, or name it with --label-column (columns: ${listOf(header)})`);
  return columns;
}

/** A column that a person named, whatever its case. @throws FirstreadError('table-invalid') */
export function findColumn(header: readonly string[], name: string): string {
  const found = header.find((each) => each === name) ?? header.find((each) => plain(each) === plain(name));
  if (found === undefined) throw new FirstreadError('table-invalid', `there is no column ${JSON.stringify(name)} (columns: ${listOf(header)})`);
  return found;
}

function noRowMessage(table: CsvTable, column: string, { family }: LabelOptions): string {
  const k = table.header.indexOf(column);
  const values = [...new Set(table.rows.map((row) => row.cells[k] ?? ''))].filter((value) => value !== '');
  if (values.length === 0) return `no row has a label in the column "${column}"`;
  return `no label in the column "${column}" says yes or no to ${family}; it says ${listOf(values)}: say which mean yes with --positive VALUE,VALUE and which no with --negative VALUE,VALUE`;
}

const listOf = (words: readonly string[]): string => words.slice(0, 12).map((word) => JSON.stringify(word.slice(0, 40))).join(', ') + (words.length > 12 ? ', …' : '');

function readSex(text: string | undefined): LabelRow['sex'] {
  const word = plain(text ?? '');
  if (['f', 'female', 'w', 'woman', 'nữ', 'nu'].includes(word)) return 'F';
  if (['m', 'male', 'man', 'nam'].includes(word)) return 'M';
  return ['o', 'other'].includes(word) ? 'O' : undefined;
}

/** 45, 45.5, 045Y, "45 years", "45 tuổi", 006M. */
function readAge(text: string | undefined): number | undefined {
  const years = /^(\d{1,3})(?:[.,]\d+)?\s*(?:y|yrs?|years?|tuổi)?$/i.exec(text?.normalize('NFC') ?? '');
  if (years !== null) return Number(years[1]) <= 130 ? Number(years[1]) : undefined;
  return patientAgeYears(text, undefined, undefined);
}

const keepEntry = <V>(key: string, value: V | undefined): [string, V][] => (value === undefined ? [] : [[key, value]]);
const keep = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } => (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
