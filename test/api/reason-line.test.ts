/** The one line of a row in Vietnamese: put together on the page from the row, and saying what the English one says. */
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import type { StudyEvent } from '../../src/study/events.ts';
import { withholdFamilies } from '../../src/study/switched-off.ts';
import { summarise, toWorklistRow, type WorklistRow } from '../../src/study/worklist-row.ts';
import { after, analysed, finding, scored, stored } from '../study/sample-studies.ts';

let reasonLine: (row: WorklistRow) => string;
beforeAll(async () => {
  vi.stubGlobal('localStorage', { getItem: () => 'vi', setItem: () => undefined });
  vi.stubGlobal('document', { documentElement: { lang: '' } });
  reasonLine = (await import(fileURLToPath(new URL('../../src/api/web/reasons.js', import.meta.url)))).reasonLine as typeof reasonLine;
});

const lineAfter = (...events: readonly StudyEvent[]): string => {
  const study = after(...events);
  return reasonLine(toWorklistRow(summarise(study, study.instances.length, {}), undefined));
};
const both = (tb: number) => scored(finding('tuberculosis', tb), finding('lung nodule', 12, 50));
const WITHHELD = withholdFamilies(both(87), new Set(['tuberculosis'] as const));

test('a later film that a switched-off model did not read', () => {
  expect(lineAfter(stored('1.1'), analysed('1.1', both(87)), stored('1.2'), analysed('1.2', WITHHELD)))
    .toBe('Lao phổi 87 (ngưỡng 41) · Lao phổi: ảnh khác chưa được đánh giá (mô hình đang tắt)');
  expect(lineAfter(stored('1.1'), analysed('1.1', both(9)), stored('1.2'), analysed('1.2', WITHHELD))).toMatch(/^Dưới ngưỡng: .* · Lao phổi: ảnh khác chưa được đánh giá \(mô hình đang tắt\)$/);
});

test('a family without any answer', () => {
  expect(lineAfter(stored('1.1'), analysed('1.1', WITHHELD))).toBe('Dưới ngưỡng: Nốt phổi 12 · Lao phổi không đánh giá: mô hình đang tắt');
});
