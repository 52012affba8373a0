/** The true boxes of a user's table (image, xmin, ymin, xmax, ymax in pixels of the film) by film. */
import { FirstreadError } from '../../errors.ts';
import type { Place } from '../../evaluation/froc.ts';
import type { CsvTable } from '../csv-table.ts';
import { COLUMNS, plain } from '../label-words.ts';
import type { RowLeftOut } from '../labels-table.ts';
import { matchFilms } from './match-films.ts';

export interface BoxRow {
  readonly line: number;
  readonly file: string;
  readonly place: Place;
}

const EDGES = { xmin: ['xmin', 'x1', 'left'], ymin: ['ymin', 'y1', 'top'], xmax: ['xmax', 'x2', 'right'], ymax: ['ymax', 'y2', 'bottom'] } as const;

/** @throws FirstreadError('table-invalid') where a column is missing */
export function readBoxes(table: CsvTable): { readonly boxes: readonly BoxRow[]; readonly leftOut: readonly RowLeftOut[] } {
  const at = (names: readonly string[]): number => table.header.findIndex((each) => names.includes(plain(each)));
  const file = at(COLUMNS.file);
  const edges = Object.entries(EDGES).map(([name, names]) => ({ name, column: at(names) }));
  const missing = [...(file < 0 ? ['image'] : []), ...edges.filter(({ column }) => column < 0).map(({ name }) => name)];
  if (missing.length > 0) throw new FirstreadError('table-invalid', `the table of boxes needs the columns image, xmin, ymin, xmax, ymax in pixels of the film; missing: ${missing.join(', ')}`);
  const boxes: BoxRow[] = [];
  const leftOut: RowLeftOut[] = [];
  for (const { line, cells } of table.rows) {
    const name = cells[file] ?? '';
    const [left, top, right, bottom] = edges.map(({ column }) => Number((cells[column] || 'missing').replace(',', '.'))) as [number, number, number, number];
    if (name === '') leftOut.push({ line, name: `line ${line}`, reason: 'names no film' });
    else if (![left, top, right, bottom].every(Number.isFinite) || right <= left || bottom <= top || left < -1 || top < -1) leftOut.push({ line, name, reason: 'no box in pixels: needs 0 ≤ xmin < xmax and 0 ≤ ymin < ymax' });
    else if (right <= 1 && bottom <= 1) leftOut.push({ line, name, reason: 'a box in fractions of the film; pixels are needed' });
    else boxes.push({ line, file: name, place: { x: left, y: top, width: right - left, height: bottom - top } });
  }
  return { boxes, leftOut };
}

/** By file, for the boxes that name one. */
export async function placesByFile(boxes: readonly BoxRow[], files: readonly string[], base: string): Promise<{ readonly places: ReadonlyMap<string, readonly Place[]>; readonly leftOut: readonly RowLeftOut[] }> {
  const byName = Map.groupBy(boxes, (box) => box.file);
  const rows = [...byName].map(([file, own]) => ({ line: own[0]!.line, file, positive: true, label: '', values: {} }));
  const { cases, leftOut } = await matchFilms(rows, files, base, async () => ({}));
  return { places: new Map(cases.map((one) => [one.files[0]!, (byName.get(one.row.file!) ?? []).map((box) => box.place)])), leftOut };
}
