/** Registry and pure heart tell the same story: what lies in the file is what the journal, replayed, comes to. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outstandingCommands, reduce } from '../../src/study/transition.ts';
import type { Study } from '../../src/study/types.ts';
import { isOnWorklist } from '../../src/study/worklist-order.ts';
import { anyEvent, mayHappen } from '../study/histories.ts';
import { NOW_MS, ORDINARY } from '../study/sample-studies.ts';
import { image, opened, registryPath } from './registry-folder.ts';

const OTHER_HEADERS = [{}, { modality: 'CT', sopClassUid: '1.2.840.10008.5.1.4.1.1.2' }, { hasPixelData: false }, { patientId: 'OTHER' }];
const storing = fc.record({ uid: fc.constantFrom('1', '2', '3'), content: fc.constantFrom('A', 'B'), header: fc.constantFrom(...OTHER_HEADERS) });
const history = fc.array(fc.oneof({ weight: 1, arbitrary: storing }, { weight: 2, arbitrary: anyEvent }), { minLength: 3, maxLength: 25 });

/** The journal leaves the heavy parts of a finding out. */
const light = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, part: unknown) => (['heatmap', 'region', 'boxes'].includes(key) ? undefined : part)));

test('after any history', () => {
  const path = registryPath();
  const hub = opened(path);
  const reader = opened(path, { readOnly: true });
  let studies = 0;
  fc.assert(
    fc.property(history, (steps) => {
      studies += 1;
      const studyUid = `2.25.${studies}`;
      hub.transact(() => {
        steps.forEach((step, at) => {
          const nowMs = NOW_MS + at * 1000;
          if ('uid' in step) {
            const one = image(`${studyUid}.${step.uid}`, { ...step.header, studyInstanceUid: studyUid }, step.content);
            hub.recordInstance(one, ORDINARY, nowMs);
            return;
          }
          if (step.kind === 'instanceStored' || step.kind === 'announced') return;
          const event = 'sopInstanceUid' in step ? { ...step, sopInstanceUid: `${studyUid}.${step.sopInstanceUid.slice(2)}` } : step;
          if (hub.study(studyUid) && mayHappen(hub.study(studyUid), event)) hub.applyStudyEvent(studyUid, event, nowMs);
        });
      });
      const stored = reader.study(studyUid);
      let replayed: Study | undefined;
      for (const { event, atMs } of reader.events(studyUid)) replayed = reduce(replayed, event, atMs, studyUid).study;
      expect(stored).toEqual(hub.study(studyUid));
      expect(light(stored ?? null)).toEqual(light(replayed ?? null));
      if (!stored) return;
      const outstanding = reader.outstandingCommands().filter(({ studyInstanceUid }) => studyInstanceUid === studyUid);
      expect(outstanding.map(({ command }) => command)).toEqual(outstandingCommands(stored));
      expect(reader.row(studyUid, NOW_MS)?.rank !== null).toBe(isOnWorklist(stored));
      expect(reader.instancesOf(studyUid).map(({ standing }) => standing)).toEqual(stored.instances);
    }),
    { numRuns: 150 },
  );
});
