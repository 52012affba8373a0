/** The gauges that docs/operations.md tells people to be woken by are set, by a hub's housekeeping over a real registry. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { startHousekeeping } from '../../src/hub/housekeeping.ts';
import type { HousekeepingParts } from '../../src/hub/housekeeping.ts';
import { createFirstreadMetrics } from '../../src/ops/firstread-metrics.ts';
import { SILENT_LOG } from '../../src/ops/log.ts';
import { createReadiness } from '../../src/ops/readiness.ts';
import { openRegistry } from '../../src/registry/registry.ts';

const NOW_MS = Date.UTC(2026, 10, 21);

test('every gauge that somebody is woken by has a value', async () => {
  const data = mkdtempSync(join(tmpdir(), 'firstread-housekeeping-'));
  const { config } = loadConfig({ data, destinations: JSON.stringify([{ name: 'gone', kind: 'folder', path: data }]) }, {});
  const registry = openRegistry(join(data, 'registry.sqlite'));
  registry.recordInstance({
    header: { sopInstanceUid: '1.1', sopClassUid: '1.2.840.10008.5.1.4.1.1.2', transferSyntaxUid: '1.2.840.10008.1.2', studyInstanceUid: '1', hasPixelData: true, characterSetGuessed: false, modality: 'CT' },
    origin: { callingAeTitle: 'A', calledAeTitle: 'B', remoteAddress: '127.0.0.1', receivedAtMs: NOW_MS - 90_000 },
    contentSha256: 'a'.repeat(64),
    fileKey: 'b'.repeat(64),
    byteLength: 10,
  }, { stat: false, inpatient: false }, NOW_MS - 90_000);
  const metrics = createFirstreadMetrics({ version: '0' });
  const readiness = createReadiness();
  readiness.add('listener', () => ({ ok: true }));
  const housekeeping = startHousekeeping({
    config,
    registry,
    metrics,
    readiness,
    folder: dataFolder(data),
    freeSpace: { refresh: async () => ({ freeBytes: 5 }) },
    queue: { healthy: () => false },
    log: SILENT_LOG,
    now: () => NOW_MS,
    associations: () => 0,
  } as unknown as HousekeepingParts);
  await housekeeping.stop();
  registry.close();

  const text = metrics.registry.render();
  expect(text).toContain('\nfirstread_ready 1\n');
  expect(text).toContain('\nfirstread_oldest_unread_seconds 90\n');
  expect(text).toContain('\nfirstread_deliveries_pending{destination="gone"} 0\n');
  const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  // Counters begin with the first thing counted.
  const gauges = [...operations.matchAll(/firstread_[a-z_]+/g)].map(([name]) => name).filter((name) => !name.endsWith('_total'));
  expect(gauges.length).toBeGreaterThan(2);
  for (const gauge of gauges) expect(text).toMatch(new RegExp(`\n${gauge}(\\{.*\\})? \\d`));
});
