import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { settingsMarkdown } from '../../src/commands/config.ts';
import { loadConfig } from '../../src/config/config.ts';

const folder = (settings?: unknown): string => {
  const path = mkdtempSync(join(tmpdir(), 'firstread-config-'));
  if (settings !== undefined) writeFileSync(join(path, 'firstread.json'), typeof settings === 'string' ? settings : JSON.stringify(settings));
  return path;
};

describe('where a value comes from', () => {
  test('flag before environment before file before default', () => {
    const data = folder({ dicomPort: 3, httpPort: 3, aeTitle: 'FILE' });
    const { config, origins } = loadConfig({ data, 'dicom-port': '1' }, { FIRSTREAD_DICOM_PORT: '2', FIRSTREAD_HTTP_PORT: '2' });
    expect([config.dicomPort, config.httpPort, config.aeTitle, config.attemptsMax]).toEqual([1, 2, 'FILE', 3]);
    expect([origins.dicomPort, origins.httpPort, origins.attemptsMax]).toEqual(['--dicom-port', 'FIRSTREAD_HTTP_PORT', 'default']);
  });

  test('REDIS_URL is read as it is', () => {
    expect(loadConfig({ data: folder() }, { REDIS_URL: 'redis://127.0.0.1:1' }).config.redisUrl).toBe('redis://127.0.0.1:1');
  });
});

describe('what is refused, by name', () => {
  test.each([
    [{ 'dicom-port': '70000' }, {}, undefined, /"dicomPort" from --dicom-port: expected integer 0–65535/],
    [{}, { FIRSTREAD_LEASE_MS: 'soon' }, undefined, /"leaseMs" from FIRSTREAD_LEASE_MS/],
    [{}, {}, { dicomport: 1 }, /"dicomport" is not a setting; did you mean "dicomPort"/],
    [{}, {}, '{"dicomPort": ', /not JSON/],
    [{ provider: 'tpu' }, {}, undefined, /expected cpu or cuda:N/],
    [{}, {}, { destinations: [{ name: 'pacs', host: 'h', port: 104 }] }, /destination 1: "calledAeTitle"/],
    [{}, {}, { destinations: [{ name: 'pacs', host: 'h', port: 104, calledAeTitle: 'P', sendOriginal: true }] }, /destination 1: "sendOriginal" is not one of/],
    [{}, {}, { destinations: [{ name: 'pacs', kind: 'folder', path: '/p', pictures: 1 }] }, /destination 1: "pictures" must be true or false/],
    [{}, {}, { destinations: [{ name: 'pacs', host: 'h', port: 104, calledAeTitle: 'P', tls: 'yes' }] }, /destination 1: "tls" must be true or false/],
    [{}, {}, { constructor: 1 }, /"constructor" is not a setting/],
    [{ 'ae-title': 'A TITLE MUCH TOO LONG' }, {}, undefined, /"aeTitle"/],
  ])('%j %j %j', (flags, environment, settings, expected) => {
    expect(() => loadConfig({ data: folder(settings), ...flags }, environment)).toThrow(expected);
  });

  test('a secret never shows in the message', () => {
    expect(() => loadConfig({ data: folder({ redisUrl: 7 }) }, {})).toThrow(/\(hidden\)/);
  });
});

test('docs/settings.md is the table of the settings', () => {
  const document = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  expect(document).toContain(settingsMarkdown());
});
