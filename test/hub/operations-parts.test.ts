/** Small parts of the operations side: what to enter on a device, a model's card and its pictures, what workers tell. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasModelCard, readCardPicture, readModelCard } from '../../src/hub/model-cards.ts';
import { senderCard } from '../../src/hub/sender-card.ts';
import { createWorkerBoard } from '../../src/hub/worker-board.ts';

describe('what to enter on a device', () => {
  const SETTINGS = { aeTitle: 'FIRSTREAD', dicomHost: '0.0.0.0', dicomTlsCertificate: '', dicomTlsClientCa: '', callingAeTitles: [], acceptAnyCalledAeTitle: false };
  const own = () => ['10.0.0.2', '192.168.7.2'];
  test.each([
    ['everywhere: this machine’s addresses', {}, { addresses: ['10.0.0.2', '192.168.7.2'], tls: 'off', anyDevice: true }],
    ['one address', { dicomHost: '10.0.0.2' }, { addresses: ['10.0.0.2'] }],
    ['this machine only: none that a device could use', { dicomHost: '127.0.0.1' }, { addresses: [] }],
    ['TLS', { dicomTlsCertificate: '/c.pem' }, { tls: 'on' }],
    ['TLS both ways', { dicomTlsCertificate: '/c.pem', dicomTlsClientCa: '/ca.pem' }, { tls: 'with-client-certificate' }],
    ['listed devices only', { callingAeTitles: ['XR'] }, { anyDevice: false }],
  ])('%s', (_what, settings, expected) => {
    expect(senderCard({ ...SETTINGS, ...settings }, 104, own)).toMatchObject({ aeTitle: 'FIRSTREAD', port: 104, ...expected });
  });
});

describe('a model’s card and pictures', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'firstread-card-')), 'model');
    mkdirSync(folder);
    writeFileSync(join(folder, 'card.md'), '# card');
    writeFileSync(join(folder, 'roc.png'), 'png');
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  test('what lies in the folder', async () => {
    const english = { markdown: '# card', language: 'en' };
    expect([await hasModelCard(folder), await readModelCard(folder, 'en'), await readModelCard(folder, 'vi')]).toEqual([true, english, english]);
    writeFileSync(join(folder, 'card.vi.md'), '# bản mô tả');
    expect([await readModelCard(folder, 'en'), await readModelCard(folder, 'vi')]).toEqual([english, { markdown: '# bản mô tả', language: 'vi' }]);
    expect(await readCardPicture(folder, 'roc.png')).toMatchObject({ mediaType: 'image/png', bytes: Buffer.from('png') });
    expect(await readCardPicture(folder, 'missing.png')).toBeUndefined();
  });

  test('not what lies elsewhere, by path or by link; no folder, no other kind, nothing huge', async () => {
    writeFileSync(join(folder, '..', 'secret.png'), 'secret');
    symlinkSync(join(folder, '..', 'secret.png'), join(folder, 'link.png'));
    mkdirSync(join(folder, 'folder.png'));
    writeFileSync(join(folder, 'huge.png'), '');
    truncateSync(join(folder, 'huge.png'), 5 * 1024 * 1024);
    for (const name of ['../secret.png', 'link.png', 'folder.png', 'huge.png', 'card.md']) expect([name, await readCardPicture(folder, name)]).toEqual([name, undefined]);
    rmSync(join(folder, 'card.md'));
    symlinkSync('/etc/hostname', join(folder, 'card.md'));
    symlinkSync('/etc/hostname', join(folder, 'card.vi.md'));
    expect([await hasModelCard(folder), await readModelCard(folder, 'en'), await readModelCard(folder, 'vi')]).toEqual([false, undefined, undefined]);
  });
});

test('what workers tell: models, answers a minute over five minutes, memory; those that ended are forgotten', () => {
  let nowMs = 1_000_000;
  const board = createWorkerBoard(() => nowMs);
  board.note({ type: 'status', rssBytes: 4e8 }, 7);
  expect(board.rows([7, 8])).toMatchObject([{ pid: 7, ready: false, rssBytes: 4e8, imagesPerMinute: 0 }, { pid: 8, ready: false }]);
  board.note({ type: 'ready', provider: 'cpu', models: [{ name: 'tb', version: '1' }] }, 7);
  nowMs += 60_000;
  for (let at = 0; at < 10; at += 1) board.note({ type: 'answered' }, 7);
  nowMs += 60_000;
  expect(board.rows([7])).toMatchObject([{ ready: true, provider: 'cpu', models: ['tb 1'], answeredCount: 10, imagesPerMinute: 5 }]);
  nowMs += 5 * 60_000;
  expect(board.rows([7])).toMatchObject([{ answeredCount: 10, imagesPerMinute: 0 }]);
  expect(board.rows([8])).toMatchObject([{ pid: 8, answeredCount: 0 }]);
  expect(board.rows([7])).toMatchObject([{ answeredCount: 0, ready: false }]);
});
