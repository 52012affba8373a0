import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { closeByRule } from '../../src/hub/housekeeping.ts';
import { openRegistry } from '../../src/registry/registry.ts';

const DAY_MS = 86_400_000;

test('closes what waited too long, and only where the site wants it', () => {
  const data = mkdtempSync(join(tmpdir(), 'firstread-rule-'));
  const registry = openRegistry(join(data, 'registry.sqlite'));
  const nowMs = Date.UTC(2026, 10, 21);
  for (const [key, days] of [['1.1', 9], ['1.2', 3]] as const) {
    registry.recordInstance({
      header: { sopInstanceUid: `${key}.1`, sopClassUid: '1.2.840.10008.5.1.4.1.1.2', transferSyntaxUid: '1.2.840.10008.1.2', studyInstanceUid: key, hasPixelData: true, characterSetGuessed: false, modality: 'CT' },
      origin: { callingAeTitle: 'A', calledAeTitle: 'B', remoteAddress: '127.0.0.1', receivedAtMs: nowMs - days * DAY_MS },
      contentSha256: 'a'.repeat(64),
      fileKey: key === '1.1' ? 'b'.repeat(64) : 'c'.repeat(64),
      byteLength: 10,
    }, { stat: false, inpatient: false }, nowMs - days * DAY_MS);
  }
  const open = (): string[] => registry.worklist({ nowMs }).rows.map(({ studyInstanceUid }) => studyInstanceUid);
  const engine = { apply: (uid: string, event: Parameters<typeof registry.applyStudyEvent>[1]) => registry.applyStudyEvent(uid, event, nowMs).study };
  const parts = (days: string) => ({ config: loadConfig({ data, 'close-after-days': days }, {}).config, registry, engine, now: () => nowMs });

  closeByRule(parts('0'));
  expect(open().sort()).toEqual(['1.1', '1.2']);
  closeByRule(parts('7'));
  expect(open()).toEqual(['1.2']);
  expect(registry.study('1.1')).toMatchObject({ closedReason: 'waited more than 7 days' });

  // An old study that a person opened again waits from then on, whenever its first image came.
  registry.applyStudyEvent('1.1', { kind: 'unread', by: 'anna' }, nowMs - DAY_MS);
  closeByRule(parts('7'));
  expect(open().sort()).toEqual(['1.1', '1.2']);
  closeByRule({ ...parts('7'), now: () => nowMs + 7 * DAY_MS });
  expect(open()).toEqual([]);
  registry.close();
});
