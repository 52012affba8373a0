/** `firstread deliveries drop`: with a reason, audited, where no hub runs; through the hub where one does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dropDeliveries } from '../../src/commands/drop-deliveries.ts';
import { dataFolder, writeHubAddress } from '../../src/hub/data-folder.ts';
import { readOrMakeSecrets } from '../../src/hub/secrets.ts';
import { verifyAudit } from '../../src/ops/audit.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { image } from '../registry/registry-folder.ts';
import { NOW_MS, ORDINARY, STUDY_UID } from '../study/sample-studies.ts';

const BIN = fileURLToPath(new URL('../../bin/firstread', import.meta.url));
let data: string;
const run = (...argv: string[]) => spawnSync(BIN, ['deliveries', ...argv, '--data', data], { encoding: 'utf8' });

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'firstread-drop-'));
  const registry = openRegistry(dataFolder(data).registry);
  registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
  for (const destination of ['old', 'old', 'pacs']) registry.enqueueDelivery(STUDY_UID, 1, { destination, subject: 'instance', objectKey: `${destination} ${registry.deliveriesOf(STUDY_UID).length}`, fileKey: 'f' }, NOW_MS);
  registry.markDelivery(1, 'failed', NOW_MS, { error: 'this destination is no longer in the settings', errorCode: 'destination-removed' });
  registry.close();
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

test('failed and pending of one destination go, with the reason in the audit trail; others stay', () => {
  const { status, stdout } = run('drop', 'old', '--reason', 'archive was taken out of service');
  expect([status, stdout]).toEqual([0, '2 dropped\n']);
  const rows = JSON.parse(run('--json').stdout) as { destination: string; state: string; error?: string }[];
  expect(rows.map(({ destination, state }) => `${destination} ${state}`).sort()).toEqual(['old dropped', 'old dropped', 'pacs pending']);
  expect(run('--state', 'dropped').stdout).toContain('archive was taken out of service');
  const folder = dataFolder(data).audit;
  const lines = readdirSync(folder).filter((name) => name.endsWith('.jsonl')).flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ event: 'delivery-dropped', outcome: 'done', details: { destination: 'old', count: 2, reason: 'archive was taken out of service' } }]);
  expect(verifyAudit(folder, Buffer.from(readOrMakeSecrets(data).auditKey, 'hex'))).toMatchObject({ intact: true });
});

test.each([
  [['drop', '--reason', 'a reason'], 'name the destination'],
  [['drop', 'old'], '--reason'],
  [['drop', 'old', '--reason', '  '], '--reason'],
  [['drop', 'nowhere', '--reason', 'a reason'], 'nothing is on its way to "nowhere"'],
])('%j is refused: %s', (argv, words) => {
  const { status, stderr } = run(...argv);
  expect(status).not.toBe(0);
  expect(stderr).toContain(words);
});

test('retry leaves alone what nobody would send, and says so', () => {
  expect(run('retry').stdout).toBe('0 to be tried again\nnot in the settings, so left as they are: old ("firstread deliveries drop" gives them up)\n');
  expect(JSON.parse(run('--state', 'failed', '--json').stdout)).toHaveLength(1);
});

test('a running hub is asked, and told who typed it', async () => {
  const asked: { url: string | undefined; authorization: string | undefined; body: string }[] = [];
  const hub = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ url: request.url, authorization: request.headers.authorization, body });
    response.setHeader('content-type', 'application/json').end('{"count":5}');
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  const folder = dataFolder(data);
  writeHubAddress(folder, { pid: process.pid, dicomPort: 1, httpUrl: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`, pageUrl: 'http://127.0.0.1', token: 'the-local-token' });
  try {
    expect(await dropDeliveries(folder, 'old', 'otto', 'out of service')).toBe(5);
  } finally {
    hub.close();
  }
  expect(asked).toEqual([{ url: '/api/operations/deliveries/drop', authorization: 'Bearer the-local-token', body: JSON.stringify({ destination: 'old', reason: 'otto: out of service' }) }]);
});
