/**
 * CSV that a spreadsheet opens as it is meant (PURE): RFC 4180 quoting, UTF-8 with a byte order mark, one line a row, and
 * no cell that a spreadsheet would run: what begins like a formula gets an apostrophe before it.
 */
export const CSV_START = '\uFEFF';

/** Also behind blanks, and in the full-width forms that East Asian spreadsheets take for the same. */
const RUNS = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/;
/** Line breaks of any kind, tabs and other control characters; a row stays one line. */
const BREAKS = /[\u0000-\u001F\u007F\u0085\u2028\u2029]+/g;

export type CsvCell = string | number | boolean | undefined;

export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(cell: CsvCell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : '';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  const line = cell.replace(BREAKS, ' ');
  return `"${(RUNS.test(line) ? `'${line}` : line).replaceAll('"', '""')}"`;
}
