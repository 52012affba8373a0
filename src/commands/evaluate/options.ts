/** The options of `firstread evaluate`, read and refused with a word on what is right. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ParseArgsOptionsConfig } from 'node:util';
import { FirstreadError } from '../../errors.ts';
import type { FindingFamily } from '../../study/types.ts';
import type { LabelOptions } from '../labels-table.ts';
import { typedNumber } from '../typed-number.ts';

export const OPTIONS = {
  labels: { type: 'string' }, 'label-column': { type: 'string' }, positive: { type: 'string' }, negative: { type: 'string' }, family: { type: 'string' }, boxes: { type: 'string' },
  by: { type: 'string', multiple: true }, prevalence: { type: 'string' }, threshold: { type: 'string', multiple: true }, out: { type: 'string' }, jobs: { type: 'string' }, json: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

const JOBS_MAX = 64;

export interface EvaluateOptions {
  readonly labels: LabelOptions;
  readonly table: string;
  readonly folders: readonly string[];
  readonly out: string;
  readonly by: readonly string[];
  readonly thresholds: readonly number[];
  readonly prevalence?: number;
  readonly boxes?: string;
  readonly filesAtOnce: number;
  readonly json: boolean;
}

type Values = { readonly [K in keyof typeof OPTIONS]?: (typeof OPTIONS)[K] extends { multiple: true } ? string[] : (typeof OPTIONS)[K]['type'] extends 'boolean' ? boolean : string };

/** @throws FirstreadError('usage') */
export function readOptions(values: Values, positionals: readonly string[]): EvaluateOptions {
  const table = values.labels ?? tableIn(positionals);
  return {
    labels: {
      family: readFamily(values.family),
      ...(values.positive === undefined ? {} : { positive: words(values.positive) }),
      ...(values.negative === undefined ? {} : { negative: words(values.negative) }),
      ...(values['label-column'] === undefined ? {} : { labelColumn: values['label-column'] }),
    },
    table,
    folders: positionals.length > 0 ? positionals : [dirname(table)],
    out: values.out ?? 'firstread-evaluation',
    by: values.by ?? [],
    thresholds: (values.threshold ?? []).map((text) => readNumber(text, '--threshold', 0, 100)),
    ...(values.prevalence === undefined ? {} : { prevalence: readPrevalence(values.prevalence) }),
    ...(values.boxes === undefined ? {} : { boxes: values.boxes }),
    filesAtOnce: readNumber(values.jobs ?? '6', '--jobs', 1, JOBS_MAX),
    json: values.json === true,
  };
}

function tableIn(folders: readonly string[]): string {
  const found = folders.map((folder) => join(folder, 'labels.csv')).find((path) => existsSync(path));
  if (found === undefined) throw new FirstreadError('usage', 'say where the truth is: --labels TABLE.csv');
  return found;
}

function readFamily(text = 'tuberculosis'): FindingFamily {
  const family = text.trim().toLowerCase().replace(/[-_]/g, ' ');
  if (family === 'tuberculosis' || family === 'tb') return 'tuberculosis';
  if (family === 'lung nodule' || family === 'nodule') return 'lung nodule';
  throw new FirstreadError('usage', `--family is tuberculosis or "lung nodule", not ${JSON.stringify(text)}`);
}

function readPrevalence(text: string): number {
  const typed = typedNumber(text);
  const share = typed === undefined ? Number.NaN : typed.value / (typed.percent ? 100 : 1);
  if (!(share > 0 && share < 1)) throw new FirstreadError('usage', `--prevalence is a share between 0 and 1, or a percentage: 0.02 or 2%, not ${JSON.stringify(text)}`);
  return share;
}

function readNumber(text: string, option: string, min: number, max: number): number {
  const typed = typedNumber(text);
  const value = typed === undefined || typed.percent ? Number.NaN : typed.value;
  if (!(value >= min && value <= max) || (option === '--jobs' && !Number.isInteger(value))) throw new FirstreadError('usage', `${option} is a number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  return value;
}

const words = (text: string): readonly string[] => text.split(',').map((word) => word.trim()).filter((word) => word !== '');
