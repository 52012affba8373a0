/** `firstread audit`: an intact trail, every way of tampering with it, and who looked at this patient. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAudit } from '../../src/ops/audit.ts';

const BIN = fileURLToPath(new URL('../../bin/firstread', import.meta.url));
const firstread = (...argv: string[]) => spawnSync(BIN, ['audit', ...argv], { encoding: 'utf8' });
const [A, B] = ['1.2.826.0.1.3680043.10.999.1', '1.2.826.0.1.3680043.10.999.11'];
const KEY = 'ab'.repeat(32);
let data: string;

beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'firstread-audit-'));
  mkdirSync(join(data, 'audit'));
  writeFileSync(join(data, 'secrets.json'), JSON.stringify({ auditKey: KEY }));
  let nowMs = Date.UTC(2026, 9, 30, 8);
  const audit = createAudit({ folder: join(data, 'audit'), now: () => nowMs, key: Buffer.from(KEY, 'hex') });
  for (let day = 0; day < 6; day += 1) {
    audit.record({ event: 'patient-viewed', who: day % 2 === 0 ? 'linh' : 'Mai', from: '10.0.0.7', outcome: 'done', studyInstanceUid: day < 4 ? A : B });
    audit.record({ event: 'sign-in', who: 'linh', from: '10.0.0.7', outcome: 'done', details: { by: 'oidc' } });
    nowMs += 86_400_000;
  }
  audit.close();
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

/** A copy to spoil. */
function copy(spoil: (folder: string, months: string[]) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-audit-copy-'));
  cpSync(join(data, 'audit'), folder, { recursive: true });
  spoil(folder, readdirSync(folder).filter((name) => name.endsWith('.jsonl')).sort());
  return folder;
}
const edit = (folder: string, name: string, change: (lines: string[]) => string[]) => writeFileSync(join(folder, name), `${change(readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')).join('\n')}\n`);

describe('verify', () => {
  test('an intact trail over two months, and a copy of it elsewhere with its key', () => {
    expect(firstread('verify', '--data', data)).toMatchObject({ status: 0, stdout: `intact: 12 entries in ${join(data, 'audit')}\n`, stderr: '' });
    const folder = copy(() => undefined);
    copyFileSync(join(data, 'secrets.json'), join(folder, 'key.json'));
    expect(firstread('verify', folder, '--key-file', join(folder, 'key.json'), '--data', '/nonexistent')).toMatchObject({ status: 0 });
  });

  test.each<[string, (folder: string, months: string[]) => void, RegExp]>([
    ['another name in an entry', (folder, [first]) => edit(folder, first!, (lines) => lines.map((line, at) => (at === 2 ? line.replace('Mai', 'Hoa') : line))), /NOT intact: line 3, .*was changed/],
    ['an entry taken out', (folder, [first]) => edit(folder, first!, (lines) => lines.filter((_line, at) => at !== 1)), /line 2, .*missing or out of place/],
    ['two entries swapped', (folder, [first]) => edit(folder, first!, ([one, two, ...rest]) => [two!, one!, ...rest]), /line 1, /],
    ['the end cut off', (folder, months) => edit(folder, months.at(-1)!, (lines) => lines.slice(0, -1)), /cut off/],
    ['a month taken away', (folder, months) => rmSync(join(folder, months.at(-1)!)), /cut off/],
    ['a line of nonsense', (folder, [first]) => edit(folder, first!, (lines) => [...lines, 'x']), /not an audit entry/],
  ])('%s is found', (_what, spoil, problem) => {
    const answer = firstread('verify', copy(spoil), '--data', data);
    expect([answer.status, answer.stdout]).toEqual([1, '']);
    expect(answer.stderr).toMatch(problem);
  });

  test('another site\'s key fits nothing; no trail and no key are said as such', () => {
    const other = join(mkdtempSync(join(tmpdir(), 'firstread-audit-key-')), 'secrets.json');
    writeFileSync(other, JSON.stringify({ auditKey: 'cd'.repeat(32) }));
    expect(firstread('verify', '--data', data, '--key-file', other)).toMatchObject({ status: 1, stderr: expect.stringContaining('the key is that of another data folder') });
    expect(firstread('verify', '--data', data, '--key-file', '/nonexistent').stderr).toContain('key cannot be read');
    expect(firstread('verify', mkdtempSync(join(tmpdir(), 'firstread-audit-none-')), '--data', data).stderr).toContain('no audit trail');
    expect(firstread('verify', '/nonexistent', '--data', data).stderr).toContain('no folder');
  });
});

describe('show', () => {
  const json = (...argv: string[]) => firstread('show', ...argv, '--json', '--data', data).stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as { who: string; at: string; studyInstanceUid?: string });

  test('who looked at this patient: the whole UID, not one that begins with it', () => {
    expect(json('--study', A).map(({ who }) => who)).toEqual(['linh', 'Mai', 'linh', 'Mai']);
    expect(json('--study', B).map(({ who }) => who)).toEqual(['linh', 'Mai']);
    const { stdout } = firstread('show', '--study', A, '--data', data);
    expect(stdout.split('\n')[2]).toMatch(/^2026-10-30 08:00:00 {2}linh +10\.0\.0\.7 +patient-viewed +done +1\.2\.826/);
  });

  test('what a person did, and since when', () => {
    expect(json('--who', 'mai')).toHaveLength(3);
    expect(json('--who', 'LINH').length).toBe(9);
    expect(json('--who', 'linh', '--since', '2026-11-02T00:00Z').every(({ at }) => at >= '2026-11-02')).toBe(true);
    expect(json('--who', 'linh', '--since', '2026-11-02T00:00Z', '--until', '2026-11-03T00:00Z')).toHaveLength(1);
    expect(json('--who', 'linh', '--study', B)).toHaveLength(1);
    expect(firstread('show', '--who', 'nobody', '--data', data).stdout).toBe('nothing in the trail\n');
  });

  test.each([[['show'], /ask for --study/], [['show', '--who', 'x', '--since', 'yesterday'], /--since is a day/], [['list'], /verify or show/]] as const)('%j says what is wanted', (argv, message) => {
    const answer = firstread(...argv, '--data', data);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toMatch(message);
  });
});
