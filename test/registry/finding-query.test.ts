/** What the models said of every image, in pages. */
import { expect, test } from 'vitest';
import type { RecordedFinding } from '../../src/registry/finding-query.ts';
import type { StudyEvent } from '../../src/study/events.ts';
import { analysed, finding, NOW_MS, ORDINARY, scored } from '../study/sample-studies.ts';
import { image, opened, registryPath } from './registry-folder.ts';

test('every finding of every scored image with its model and its patient, shadows and their failures too', () => {
  const registry = opened(registryPath());
  const shadow = { name: 'next', version: '2', sha256: 'b'.repeat(64) };
  for (let i = 1; i <= 7; i += 1) {
    const { study } = registry.recordInstance(image(`1.${i}`), ORDINARY, NOW_MS);
    if (i === 4) continue;
    const outcome = scored(finding('tuberculosis', 10 * i), { ...finding('tuberculosis', 20), model: shadow, shadow: true });
    const answer = i === 7 && outcome.kind === 'scored' ? { ...outcome, findings: outcome.findings.slice(0, 1), shadowFailures: [{ model: shadow, code: 'model-output-invalid' }] } : outcome;
    registry.applyStudyEvent(study.studyInstanceUid, { ...analysed(`1.${i}`, answer), contentSha256: `content of 1.${i}` } as StudyEvent, NOW_MS);
  }
  const found: RecordedFinding[] = [];
  const sizes: number[] = [];
  let cursor: number | undefined = 0;
  while (cursor !== undefined) {
    const page = registry.findingsAfter(cursor, 2);
    found.push(...page.findings);
    sizes.push(page.findings.length);
    if (page.cursor === undefined) expect(page.failures).toEqual([]);
    cursor = page.cursor;
  }
  // Image 4 has no answer yet; image 7 none of the shadow's.
  expect(found.map(({ sopInstanceUid, score, shadow: isShadow }) => [sopInstanceUid, score, isShadow])).toEqual(
    [1, 2, 3, 5, 6].flatMap((i) => [[`1.${i}`, 10 * i, false], [`1.${i}`, 20, true]]).concat([['1.7', 70, false]]));
  expect(sizes).toEqual([4, 4, 3, 0]);
  expect(found[1]).toMatchObject({ family: 'tuberculosis', flagged: false, model: shadow, receivedAtMs: expect.any(Number), studyInstanceUid: expect.any(String) });
  expect(registry.findingsAfter(0, 100).failures).toEqual([{ sopInstanceUid: '1.7', model: shadow, code: 'model-output-invalid' }]);
});
