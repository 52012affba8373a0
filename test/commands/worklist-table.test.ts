/** The worklist in a terminal: nothing of the reason is lost where the window is narrow, and names cannot steer it. */
import { expect, test } from 'vitest';
import { worklistTable } from '../../src/commands/worklist.ts';
import type { WorklistRow } from '../../src/study/worklist-row.ts';

const REASON = 'Tuberculosis 88 (threshold 56), lung nodule 70 (threshold 50) · STAT (order priority STAT)';
const row = { rank: 1, priority: 'critical', reason: { code: 'flagged', text: REASON }, waitingMs: 19 * 60_000, overdue: false, patientName: 'HOÀNG^VĂN\u001b[31m AN', patientId: 'VN0005', accessionNumber: 'A1', state: 'reported' } as unknown as WorklistRow;

test('a narrow window gives the reason lines of its own, whole and inside the window', () => {
  const text = worklistTable([row], 80, false);
  const lines = text.trimEnd().split('\n');
  expect(lines.every((line) => line.length <= 80)).toBe(true);
  expect(lines.slice(1).map((line) => line.trim()).join(' ')).toBe(REASON);
  expect(text).not.toContain('\u001b');
});

test('a wide one keeps one line a study', () => {
  const lines = worklistTable([row], 200, false).trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[2]).toContain(REASON);
});
