/**
 * A CSV file as people have them: with or without BOM, from Excel in any country (semicolon, tab, "sep=;", UTF-16,
 * an old code page), quoted or not, any line end (RFC 4180 and its relatives). Every cell is trimmed text.
 * Leaves out: types, comments. Bounded: a table of labels is small.
 */
import { readFile, stat } from 'node:fs/promises';
import { FirstreadError } from '../errors.ts';

export const CSV_LIMITS = { bytesMax: 64 * 1024 * 1024, rowCountMax: 500_000, columnCountMax: 500, cellCharactersMax: 10_000 } as const;
export type CsvLimits = { readonly [K in keyof typeof CSV_LIMITS]: number };

export interface CsvRow {
  /** As an editor counts them, from 1; the first line of a row that spans several. */
  readonly line: number;
  /** As many as the header has; missing ones are empty. */
  readonly cells: readonly string[];
}

export interface CsvTable {
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
  readonly delimiter: string;
}

/** @throws FirstreadError('table-invalid') with the file's name */
export async function readCsvFile(path: string, limits: CsvLimits = CSV_LIMITS): Promise<CsvTable> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || !facts.isFile()) throw new FirstreadError('table-invalid', `there is no file ${path}`);
  if (facts.size > limits.bytesMax) throw new FirstreadError('table-invalid', `${path} has ${facts.size} bytes; a table has at most ${limits.bytesMax}`);
  try {
    return parseCsv(decodeText(await readFile(path)), limits);
  } catch (error) {
    throw error instanceof FirstreadError ? new FirstreadError(error.code, `${path}: ${error.message}`, {}, error) : error;
  }
}

/** By BOM; else UTF-8 where it is valid; else a code page of old Windows programs, which never fails. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const vietnamese = new TextDecoder('windows-1258').decode(bytes);
    return isVietnamese(vietnamese) ? vietnamese.normalize('NFC') : new TextDecoder('windows-1252').decode(bytes);
  }
}

/** In Windows-1258 tones are letters of their own: they stand behind vowels only, where other languages have ì, ò, Þ. */
function isVietnamese(text: string): boolean {
  const vowel = '[aăâeêioôơuưy]';
  const tone = '[\u0300\u0301\u0303\u0309\u0323]';
  if (new RegExp(`(?<!${vowel})${tone}`, 'i').test(text)) return false;
  return new RegExp(`${vowel}${tone}|ươ`, 'i').test(text);
}

export function parseCsv(text: string, limits: CsvLimits = CSV_LIMITS): CsvTable {
  if (text.includes('\0')) throw new FirstreadError('table-invalid', 'this is no text file; export the table as CSV');
  const sep = /^sep=(.)\r?\n/i.exec(text);
  const delimiter = sep?.[1] ?? guessDelimiter(text);
  const records = splitRecords(text, sep === null ? 0 : sep[0].length, sep === null ? 1 : 2, delimiter, limits);
  const first = records[0];
  if (first === undefined) throw new FirstreadError('table-invalid', 'the table is empty');
  const header = first.cells;
  if (header.every((name) => name === '')) throw new FirstreadError('table-invalid', `line ${first.line} should name the columns`);
  const rows = records.slice(1).map(({ line, cells }): CsvRow => {
    if (cells.slice(header.length).some((cell) => cell !== '')) throw new FirstreadError('table-invalid', `line ${line} has ${cells.length} cells, the header has ${header.length}; is the separator ${nameOf(delimiter)}?`);
    return { line, cells: header.map((_, k) => cells[k] ?? '') };
  });
  return { header, rows, delimiter };
}

/** What stands most often in the header, outside quotes. */
function guessDelimiter(text: string): string {
  const start = /^[\r\n\s]*/.exec(text)?.[0].length ?? 0;
  const line = text.slice(start, start + 20_000).split(/\r|\n/, 1)[0] ?? '';
  const bare = line.replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((mark) => ({ mark, count: bare.split(mark).length }));
  return counts.reduce((a, b) => (b.count > a.count ? b : a)).mark;
}

function splitRecords(text: string, from: number, firstLine: number, delimiter: string, limits: CsvLimits): CsvRow[] {
  const records: CsvRow[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let [line, startLine] = [firstLine, firstLine];
  const endCell = (): void => {
    if (cell.length > limits.cellCharactersMax) throw new FirstreadError('table-invalid', `line ${startLine}: a cell has ${cell.length} characters; is a quote open?`);
    cells.push(cell.trim());
    cell = '';
    if (cells.length > limits.columnCountMax) throw new FirstreadError('table-invalid', `line ${startLine} has more than ${limits.columnCountMax} cells`);
  };
  const endRecord = (): void => {
    endCell();
    if (cells.some((each) => each !== '')) records.push({ line: startLine, cells });
    // The header is one more.
    if (records.length > limits.rowCountMax + 1) throw new FirstreadError('table-invalid', `more than ${limits.rowCountMax} rows`);
    cells = [];
  };
  for (let i = from; i < text.length; i += 1) {
    const c = text[i]!;
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') (cell += '"'), (i += 1);
      else if (c === '"') quoted = false;
      else cell += c;
      if (c === '\n') line += 1;
    } else if (c === '"' && cell.trim() === '') (cell = ''), (quoted = true);
    else if (c === delimiter) endCell();
    else if (c === '\n' || c === '\r') {
      if (c === '\r' && text[i + 1] === '\n') i += 1;
      endRecord();
      line += 1;
      startLine = line;
    } else cell += c;
  }
  if (quoted) throw new FirstreadError('table-invalid', `line ${startLine}: a quote is opened and never closed`);
  endRecord();
  return records;
}

const nameOf = (delimiter: string): string => (delimiter === '\t' ? 'a tab' : `"${delimiter}"`);
