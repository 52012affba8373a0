/** The page's smaller promises: figures that do not round away the truth, text that stays text, warnings that come. */
import { describe, expect, test } from 'vitest';
import { evaluateFilms } from '../../src/evaluation/evaluation.ts';
import { auc, percent, percentWithRange } from '../../src/evaluation/page/figures.ts';
import { html } from '../../src/evaluation/page/markup.ts';
import { niceTicks } from '../../src/evaluation/page/plot.ts';
import { warningsOf } from '../../src/evaluation/page/warnings.ts';
import { proportion } from '../../src/evaluation/intervals.ts';

describe('figures', () => {
  test.each([
    [0.8421, 19, '84 %'], [0.8421, 1000, '84.2 %'], [1, 50, '100 %'], [0, 50, '0 %'],
    [0.996, 250, '99.6 %'], [0.9999, 250, '99.9 %'], [0.9999, 5000, '99.9 %'], [0.004, 250, '0.4 %'], [0.0001, 5000, '<0.1 %'],
  ])('%d of %i films is %s', (value, n, text) => {
    expect(percent(value, n)).toBe(text);
  });

  test('nearly perfect is not perfect, and nothing is not nought', () => {
    expect([auc(0.99996), auc(1), auc(0.9134)]).toEqual(['0.999', '1.000', '0.913']);
    expect(percentWithRange(proportion(16, 19))).toBe('84 % (62–94)');
    expect(percentWithRange(proportion(0, 0))).toBe('–');
  });

  test('ticks are round numbers', () => {
    expect(niceTicks(4)).toEqual([0, 1, 2, 3, 4]);
    expect(niceTicks(0.5)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5]);
    expect(niceTicks(230)).toEqual([0, 50, 100, 150, 200]);
  });
});

test('what strangers wrote stays text, once', () => {
  const inner = html`<b>${'a<script>"&\u202e\u0007'}</b>`;
  expect(html`<p title="${"'x'"}">${[inner, undefined, false, 5]}</p>`.text).toBe('<p title="&#39;x&#39;"><b>a&lt;script&gt;&quot;&amp;\ufffd\ufffd</b>5</p>');
});

test('warnings: the source, few films, a missing class; none where there is nothing to warn of', () => {
  const film = (i: number, folder: string) => ({ name: `${i}`, positive: i % 2 === 0, score: (i * 37) % 100, boxes: [], groups: {}, sources: { folder, device: folder } });
  const warn = (count: number, folder: (i: number) => string) => warningsOf({ evaluation: evaluateFilms(Array.from({ length: count }, (_, i) => film(i, folder(i))), 50), unreadable: [] });
  expect(warn(80, () => 'one')).toEqual([]);
  expect(warn(20, () => 'one')).toMatchObject([{ severity: 'plain', title: 'Only 10 positive and 10 negative films' }]);
  expect(warn(80, (i) => `ward ${i % 2}`)).toMatchObject([{ severity: 'loud', title: 'These figures may say little: the folder and device alone tell the classes apart' }]);
  expect(warn(80, (i) => (i % 10 < 2 ? 'a' : `ward ${i % 2}`))[0]).toMatchObject({ severity: 'plain' });
  const scored = (scoreOf: (positive: boolean, i: number) => number) => warningsOf({ evaluation: evaluateFilms(Array.from({ length: 80 }, (_, i) => ({ ...film(i, 'one'), score: scoreOf(i % 2 === 0, i) })), 50), unreadable: [] });
  expect(scored((positive, i) => (positive ? i : i + 30) % 100)).toMatchObject([{ severity: 'loud', title: 'Higher scores go with negative films: something is the wrong way round', text: expect.stringMatching(/ends at 0\.[0-4]\d\d, below 0\.5/) }]);
  expect(scored((positive, i) => (positive ? i : i + 2) % 100)).toEqual([]);
  expect(scored((positive, i) => (positive ? i + 15 : i) % 100)).toEqual([]);
  expect(warningsOf({ evaluation: evaluateFilms([film(2, 'a')], 50), unreadable: [] })).toMatchObject([{ severity: 'loud', title: 'There is no negative film among those that were scored' }]);
});
