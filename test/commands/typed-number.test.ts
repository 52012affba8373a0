/** Numbers as they are typed in Vietnam and elsewhere: the same for evaluate and for calibrate. */
import { describe, expect, test } from 'vitest';
import { readCalibrateOptions } from '../../src/commands/calibrate/options.ts';
import { readOptions } from '../../src/commands/evaluate/options.ts';
import { typedNumber } from '../../src/commands/typed-number.ts';

describe('a typed number', () => {
  test.each([['0.9', 0.9, false], ['0,9', 0.9, false], [',5', 0.5, false], [' 90 % ', 90, true], ['2,5%', 2.5, true], ['45', 45, false]] as const)('%j', (text, value, percent) => {
    expect(typedNumber(text)).toEqual({ value, percent });
  });

  test.each([[''], [' '], ['%'], [','], ['1,000,5'], ['1.2,3'], ['-1'], ['1e1'], ['NaN'], ['Infinity'], ['0x1f']])('%j is none', (text) => {
    expect(typedNumber(text)).toBeUndefined();
  });
});

test('evaluate takes a decimal comma', () => {
  const read = (values: object) => readOptions({ labels: 'truth.csv', ...values }, []);
  expect(read({ prevalence: '0,02', threshold: ['45,5', '30'] })).toMatchObject({ prevalence: 0.02, thresholds: [45.5, 30] });
  expect(read({ prevalence: '2,5 %' }).prevalence).toBeCloseTo(0.025, 12);
  expect(() => read({ threshold: ['100,5'] })).toThrow(/--threshold is a number from 0 to 100/);
  expect(() => read({ threshold: ['45%'] })).toThrow(/--threshold/);
  expect(() => read({ prevalence: '3' })).toThrow(/--prevalence is a share/);
});

test('calibrate does too for shares; a thousand films a day are not one', () => {
  const read = (values: object) => readCalibrateOptions(values, ['truth.csv']);
  expect(read({ sensitivity: '0,9', margin: '0,05' })).toMatchObject({ wish: { sensitivity: 0.9 }, margin: 0.05 });
  expect(read({ 'flagged-at-most': '15' })).toMatchObject({ wish: { flagged: 0.15 } });
  expect(() => read({ 'per-day': '20', 'films-per-day': '1,000' })).toThrow(/--films-per-day is a number above 0/);
});
