/** Figures as people read them: no more digits than the films can carry, the interval beside the value. PURE. */
import type { Interval, Proportion } from '../intervals.ts';

/** A tenth of a percent needs some hundreds of films. */
const TENTHS_FROM = 400;

export const percent = (value: number, n = 0): string => `${percentDigits(value, n)} %`;

/** Rounding must not make "nearly all" into all, nor "hardly any" into none. */
function percentDigits(value: number, n: number): string {
  const digits = n >= TENTHS_FROM ? 1 : 0;
  const text = (value * 100).toFixed(digits);
  if (value < 1 && Number(text) === 100) return digits === 0 && value < 0.9995 ? (value * 100).toFixed(1).replace('100.0', '99.9') : '99.9';
  return value > 0 && Number(text) === 0 ? (value * 100 < 0.05 ? '<0.1' : (value * 100).toFixed(1)) : text;
}

export const percentOf = ({ value, n }: Pick<Proportion, 'value' | 'n'>): string => (value === undefined ? '–' : percent(value, n));
export const percentRange = ([low, high]: Interval, n = 0): string => `${percentDigits(low, n)}–${percentDigits(high, n)}`;
/** "84 % (62–94)" */
export const percentWithRange = (p: Proportion): string => (p.value === undefined ? '–' : `${percentOf(p)} (${percentRange(p.interval, p.n)})`);

export const auc = (value: number): string => (value >= 0.9995 && value < 1 ? '0.999' : value.toFixed(3));
export const aucWithRange = ({ value, interval }: { readonly value: number; readonly interval: Interval }): string => `${auc(value)} (${interval[0].toFixed(2)}–${interval[1].toFixed(2)})`;

export const points = (score: number): string => (Number.isInteger(score) ? String(score) : score.toFixed(1));
export const films = (count: number): string => `${count} ${count === 1 ? 'film' : 'films'}`;
