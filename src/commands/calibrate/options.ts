/** The flags of `firstread calibrate`, read and checked. */
import { FirstreadError } from '../../errors.ts';
import { AGE_CUTS } from '../../evaluation/patient-groups.ts';
import type { Grouping } from '../../evaluation/patient-groups.ts';
import { MARGIN, MARGIN_MIN } from '../../evaluation/sample-size.ts';
import type { FindingFamily } from '../../study/types.ts';
import type { LabelWords } from '../label-words.ts';
import { typedNumber } from '../typed-number.ts';

export const CALIBRATE_OPTIONS = {
  'sensitivity': { type: 'string' }, 'flagged-at-most': { type: 'string' }, 'per-day': { type: 'string' },
  'family': { type: 'string' }, 'model': { type: 'string' }, 'by': { type: 'string' }, 'age-cuts': { type: 'string' },
  'films': { type: 'string' }, 'scores': { type: 'string' }, 'page': { type: 'string' }, 'films-per-day': { type: 'string' }, 'trace': { type: 'string' },
  'label-column': { type: 'string' }, 'positive': { type: 'string' }, 'negative': { type: 'string' },
  'margin': { type: 'string' }, 'apply': { type: 'boolean' }, 'undo': { type: 'boolean' }, 'history': { type: 'boolean' }, 'json': { type: 'boolean' },
} as const;

type Values = { readonly [K in keyof typeof CALIBRATE_OPTIONS]?: string | boolean | undefined };

export type SiteWish =
  | { readonly kind: 'sensitivity'; readonly sensitivity: number }
  | { readonly kind: 'flagged'; readonly flagged: number }
  | { readonly kind: 'per-day'; readonly perDay: number; readonly filmsPerDay?: number };

export const TRACES = ['positive', 'negative', 'leave-out'] as const;

export interface CalibrateOptions {
  readonly kind: 'calibrate';
  readonly truthFile: string;
  readonly wish: SiteWish;
  readonly family: FindingFamily;
  readonly model?: string;
  readonly by: readonly Grouping[];
  readonly ageCuts: readonly number[];
  readonly films?: string;
  readonly scores?: string;
  readonly page?: string;
  readonly trace: (typeof TRACES)[number];
  readonly words: LabelWords & { readonly labelColumn?: string };
  readonly margin: number;
  readonly apply: boolean;
  readonly json: boolean;
}

export interface UndoOptions {
  readonly kind: 'undo';
  readonly family?: FindingFamily;
  readonly json: boolean;
}

const fail = (message: string): never => {
  throw new FirstreadError('usage', message);
};

export function readCalibrateOptions(values: Values, positionals: readonly string[]): CalibrateOptions | UndoOptions {
  const text = (name: keyof Values): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  const json = values.json === true;
  if (values.undo === true) {
    if (positionals.length > 0 || values.apply === true) fail('--undo takes back the last threshold: it needs no table');
    const family = text('family');
    return { kind: 'undo', json, ...(family === undefined ? {} : { family: readFamily(family) }) };
  }
  const [truthFile] = positionals;
  if (truthFile === undefined) return fail('name the table with the truth (CSV), or say --history or --undo');
  const wish = readWish(text);
  const by = (text('by')?.split(',') ?? []).map((word): Grouping => (['age', 'sex'].includes(word.trim()) ? (word.trim() as Grouping) : fail('--by is age, sex, or age,sex')));
  if (by.length > 0 && wish.kind !== 'sensitivity') fail('--by goes with --sensitivity: a workload is everybody\'s together');
  const model = text('model');
  const films = text('films');
  const scores = text('scores');
  if (scores !== undefined && films === undefined) fail('--scores goes with --films: it spares reading films again that firstread evaluate has read');
  const labelColumn = text('label-column');
  const page = text('page');
  const trace = TRACES.find((word) => word === (text('trace') ?? 'positive')) ?? fail('--trace is positive, negative or leave-out');
  const margin = text('margin') === undefined ? MARGIN : readShare(text('margin') as string, 'margin');
  if (margin < MARGIN_MIN || margin > 0.5) fail(`--margin is between ${MARGIN_MIN} and 0.5`);
  return {
    kind: 'calibrate', truthFile, wish, by, trace, margin, json,
    family: readFamily(text('family') ?? 'tuberculosis'),
    ageCuts: text('age-cuts') === undefined ? AGE_CUTS : readCuts(text('age-cuts') as string),
    apply: values.apply === true,
    words: { ...listOf('positive', text), ...listOf('negative', text), ...(labelColumn === undefined ? {} : { labelColumn }) },
    ...(model === undefined ? {} : { model }),
    ...(films === undefined ? {} : { films }),
    ...(scores === undefined ? {} : { scores }),
    ...(page === undefined ? {} : { page }),
  };
}

function readWish(text: (name: keyof Values) => string | undefined): SiteWish {
  const said = (['sensitivity', 'flagged-at-most', 'per-day'] as const).filter((name) => text(name) !== undefined);
  const [name] = said;
  if (name === undefined || said.length > 1) return fail('say what is wanted, one of --sensitivity 0.9, --flagged-at-most 0.15, --per-day 20');
  const value = text(name) as string;
  if (name === 'sensitivity') return { kind: 'sensitivity', sensitivity: readShare(value, name) };
  if (name === 'flagged-at-most') return { kind: 'flagged', flagged: readShare(value, name) };
  const perDay = readCount(value, name);
  const filmsPerDay = text('films-per-day');
  return { kind: 'per-day', perDay, ...(filmsPerDay === undefined ? {} : { filmsPerDay: readCount(filmsPerDay, 'films-per-day') }) };
}

/** Above 1 a percentage is meant, with its sign or without. */
function readShare(text: string, name: string): number {
  const { value, percent } = typedNumber(text) ?? { value: Number.NaN, percent: false };
  const share = percent || value > 1 ? value / 100 : value;
  return share > 0 && share < 1 ? share : fail(`--${name} is a share between 0 and 1, e.g. 0.9; found ${JSON.stringify(text)}`);
}

/** No comma: 1,000 a day is not one. */
function readCount(text: string, name: string): number {
  const count = Number(text);
  return Number.isFinite(count) && count > 0 ? count : fail(`--${name} is a number above 0; found ${JSON.stringify(text)}`);
}

function readCuts(text: string): readonly number[] {
  const cuts = text.split(',').map(Number);
  const good = cuts.length <= 10 && cuts.every((age, i) => Number.isInteger(age) && age > (cuts[i - 1] ?? 0) && age < 120);
  return good ? cuts : fail('--age-cuts are ascending ages in years at which a new band begins, e.g. 35,55');
}

export function readFamily(text: string): FindingFamily {
  const word = text.trim().toLowerCase().replace(/[-_]/g, ' ');
  if (['tuberculosis', 'tb'].includes(word)) return 'tuberculosis';
  return ['lung nodule', 'nodule'].includes(word) ? 'lung nodule' : fail('--family is tuberculosis or "lung nodule"');
}

const listOf = (name: 'positive' | 'negative', text: (name: keyof Values) => string | undefined): LabelWords => {
  const value = text(name);
  return value === undefined ? {} : { [name]: value.split(',') };
};
