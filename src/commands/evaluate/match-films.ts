/**
 * Rows of the table ↔ files of the folder: by file name (as much of its path as both know), else by SOP Instance UID or
 * accession number from the DICOM header. One row may mean several files (a study by its accession number); one file
 * belongs to one row. What does not fit is named, never guessed.
 */
import { open } from 'node:fs/promises';
import { relative } from 'node:path';
import { readInstanceHeader } from '../../dicom/instance-header.ts';
import { readPart10 } from '../../dicom/part10.ts';
import { FirstreadError } from '../../errors.ts';
import type { LabelRow, RowLeftOut } from '../labels-table.ts';

export interface LabelledCase {
  /** As people call it: the file's name in its folder, or the row's own word for several files. */
  readonly name: string;
  readonly row: LabelRow;
  readonly files: readonly string[];
}

export interface Matching {
  readonly cases: readonly LabelledCase[];
  readonly leftOut: readonly RowLeftOut[];
  readonly filesWithoutRow: readonly string[];
}

export interface FileIdentity {
  readonly sopInstanceUid?: string;
  readonly accessionNumber?: string;
}

/** Tables and notes beside the films are nobody's oversight. */
const NO_FILM = /\.(csv|tsv|txt|json|md|html?|xlsx?|pdf|zip)$/i;
/** An accession number that many files carry is a dummy (0, UNKNOWN), no study. */
const FILES_PER_CASE_MAX = 16;

/** `identify` is asked only where names are not enough. `base`: names are shown relative to it. */
export async function matchFilms(rows: readonly LabelRow[], files: readonly string[], base: string, identify: (file: string) => Promise<FileIdentity>): Promise<Matching> {
  const byName = indexBy(files, namesOf);
  const rowsByName = indexBy(rows, (row) => (row.file === undefined ? [] : namesOf(row.file).slice(0, 1)));
  const found = new Map<LabelRow, readonly string[]>();
  for (const row of rows) if (row.file !== undefined) found.set(row, findByName(row.file, byName, rowsByName));
  const open = rows.filter((row) => (found.get(row) ?? []).length === 0);
  if (open.length > 0) {
    const taken = new Set([...found.values()].flat());
    const identities = await identifyAll(files.filter((file) => !taken.has(file)), identify);
    for (const row of open) found.set(row, findByIdentity(row, identities));
  }
  return settle(rows, files, base, found);
}

/** What a path may be called: its last part, and that without its ending. */
function namesOf(path: string): string[] {
  const name = segmentsOf(path).at(-1) ?? '';
  const stem = name.replace(/\.(dcm|dicom|png|jpe?g)$/, '');
  return stem === name ? [name] : [name, stem];
}

const segmentsOf = (path: string): string[] => path.normalize('NFC').toLowerCase().replaceAll('\\', '/').split('/').filter((part) => part !== '' && part !== '.');

function findByName(wanted: string, byName: ReadonlyMap<string, readonly string[]>, rowsByName: ReadonlyMap<string, readonly LabelRow[]>): readonly string[] {
  const [name = '', stem] = namesOf(wanted);
  const candidates = byName.get(name) ?? (stem === undefined ? undefined : byName.get(stem)) ?? [];
  const folders = segmentsOf(wanted).slice(0, -1);
  const agreeing = candidates.filter((path) => {
    const own = segmentsOf(path).slice(0, -1);
    return folders.every((folder, i) => own[own.length - folders.length + i] === folder);
  });
  if (agreeing.length > 0) return agreeing;
  // The films were moved since the table was written: the name alone will do where only one film of the table has it.
  const meant = new Set((rowsByName.get(name) ?? []).map((row) => segmentsOf(row.file ?? '').join('/')));
  return candidates.length === 1 && meant.size === 1 ? candidates : [];
}

function findByIdentity(row: LabelRow, identities: ReadonlyMap<string, readonly string[]>): readonly string[] {
  for (const key of [row.sopInstanceUid, row.accessionNumber, row.file]) {
    const files = key === undefined ? undefined : identities.get(key.trim());
    if (files !== undefined) return files;
  }
  return [];
}

async function identifyAll(files: readonly string[], identify: (file: string) => Promise<FileIdentity>): Promise<ReadonlyMap<string, readonly string[]>> {
  const identities = new Map<string, string[]>();
  for (const file of files) {
    const { sopInstanceUid, accessionNumber } = await identify(file);
    for (const key of [sopInstanceUid, accessionNumber]) {
      if (key === undefined || key === '') continue;
      const own = identities.get(key);
      if (own === undefined) identities.set(key, [file]);
      else own.push(file);
    }
  }
  return identities;
}

function settle(rows: readonly LabelRow[], files: readonly string[], base: string, found: ReadonlyMap<LabelRow, readonly string[]>): Matching {
  const leftOut: RowLeftOut[] = [];
  const byFile = new Map<string, LabelRow[]>();
  for (const row of rows) for (const file of found.get(row) ?? []) byFile.set(file, [...(byFile.get(file) ?? []), row]);
  const cases: LabelledCase[] = [];
  for (const row of rows) {
    const own = found.get(row) ?? [];
    const word = row.file ?? row.accessionNumber ?? row.sopInstanceUid ?? '';
    const leave = (reason: string): void => void leftOut.push({ line: row.line, name: word, reason });
    const rivals = own.flatMap((file) => byFile.get(file) ?? []).filter((each) => each !== row);
    if (own.length === 0) leave('no such file');
    else if (own.length > FILES_PER_CASE_MAX) leave(`means ${own.length} files; at most ${FILES_PER_CASE_MAX} are one study`);
    else if (own.length > 1 && row.file !== undefined && own.every((file) => namesOf(file).some((name) => namesOf(row.file!).includes(name)))) leave(`${own.length} files have that name: write their folders too`);
    else if (rivals.some((each) => each.positive !== row.positive)) leave(`labelled both ways (line ${rivals.find((each) => each.positive !== row.positive)!.line})`);
    else if (rivals.some((each) => each.line < row.line)) leave(`again: the same film as in line ${rivals.find((each) => each.line < row.line)!.line}`);
    else cases.push({ name: own.length === 1 ? relative(base, own[0]!) : word, row, files: own });
  }
  return { cases, leftOut, filesWithoutRow: files.filter((file) => !byFile.has(file) && !NO_FILM.test(file)).map((file) => relative(base, file)) };
}

function indexBy<T>(values: readonly T[], keys: (value: T) => readonly string[]): ReadonlyMap<string, readonly T[]> {
  const index = new Map<string, T[]>();
  for (const value of values) {
    for (const key of keys(value)) {
      const own = index.get(key);
      if (own === undefined) index.set(key, [value]);
      else own.push(value);
    }
  }
  return index;
}

/** Both identifiers stand at the very start of a data set. */
const HEADER_BYTES = 256 * 1024;

/** Empty for what is no DICOM file or cannot be read: the scoring says why. */
export async function identifyDicomFile(path: string): Promise<FileIdentity> {
  try {
    const file = await open(path, 'r');
    try {
      const head = new Uint8Array(HEADER_BYTES);
      const { bytesRead } = await file.read(head, 0, HEADER_BYTES, 0);
      const { meta, dataSet } = readPart10(head.subarray(0, bytesRead), { untilPixelData: true, salvage: true });
      return readInstanceHeader(dataSet, meta);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof FirstreadError || (error as NodeJS.ErrnoException).code !== undefined) return {};
    throw error;
  }
}
