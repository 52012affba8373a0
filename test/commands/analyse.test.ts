import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as analyse from '../../src/commands/analyse.ts';
import * as models from '../../src/commands/models.ts';
import { wrapAsDx } from '../inference/drawn-dicom.ts';
import { drawChest } from '../inference/drawn-pictures.ts';
import { writeTinySite } from '../models/tiny-models.ts';

let folder: string;
let site: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firstread-analyse-'));
  site = join(folder, 'site');
  await writeTinySite(site);
  const film = drawChest({ width: 600, height: 500, maxValue: 4095, spots: [{ x: 300, y: 250, radius: 70, grey: 250 }] });
  await writeFile(join(folder, 'film.dcm'), wrapAsDx(film));
  const grey = drawChest({ width: 600, height: 500, spots: [{ x: 300, y: 250, radius: 70, grey: 250 }] });
  await writeFile(join(folder, 'film.png'), await sharp(grey.pixels, { raw: { width: 600, height: 500, channels: 1 } }).png().toBuffer());
  await writeFile(join(folder, 'film.jpg'), await sharp(grey.pixels, { raw: { width: 600, height: 500, channels: 1 } }).jpeg({ quality: 95 }).toBuffer());
  await writeFile(join(folder, 'page.dcm'), '<!DOCTYPE html><html><body>404</body></html>');
  await writeFile(join(folder, 'empty.dcm'), '');
  await writeFile(join(folder, 'cut.png'), (await readFile(join(folder, 'film.png'))).subarray(0, 2000));
  await writeFile(join(folder, 'icon.png'), await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } }).png().toBuffer());
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function runCommand(command: typeof analyse.run, argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const sink = (key: 'out' | 'err') => new Writable({ write: (chunk, _, done) => ((text[key] += String(chunk)), done()) });
  const code = await command(argv, { stdout: sink('out'), stderr: sink('err') });
  return { code, ...text };
}
const file = (name: string): string => join(folder, name);

describe('firstread analyse', () => {
  test('--json: one object per line in the order named, coordinates of that file', async () => {
    const { code, out } = await runCommand(analyse.run, ['--json', '--models', site, file('film.dcm'), file('film.png'), file('film.jpg'), file('icon.png')]);
    expect(code).toBe(0);
    const lines = out.trim().split('\n').map((line) => JSON.parse(line) as Record<string, any>);
    expect(lines.map((l) => l['file'])).toEqual(['film.dcm', 'film.png', 'film.jpg', 'icon.png'].map(file));
    expect(lines.map((l) => l['eligible'])).toEqual([true, true, true, false]);
    expect(lines[3]).toMatchObject({ reason: { code: 'too-small' }, findings: [] });
    const [dicom, png] = lines;
    expect(dicom!['findings'].map((f: any) => f.label)).toEqual(['tuberculosis', 'lung nodule']);
    for (const finding of dicom!['findings']) expect(finding).toMatchObject({ score: expect.any(Number), threshold: expect.any(Number), flagged: expect.any(Boolean), boxes: expect.any(Array), region: expect.any(Array), model: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    for (const box of dicom!['findings'][1].boxes) {
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(600.05);
      expect(box.y + box.height).toBeLessThanOrEqual(500.05);
    }
    // Only the DICOM file knows its spacing, and only the bare pictures say that they do not.
    expect(dicom!['findings'][1].longAxisMm).toBeGreaterThan(0);
    expect(dicom!['warnings']).toEqual([]);
    expect(png!['findings'][1]).not.toHaveProperty('longAxisMm');
    expect(png!['warnings']).toEqual([{ code: 'view-unknown', text: 'view and spacing are unknown' }]);
    expect(Math.abs(png!['findings'][0].score - dicom!['findings'][0].score)).toBeLessThan(2);
  });

  test('a file that cannot be read is named, the others are answered, the exit code is 2', async () => {
    const { code, out, err } = await runCommand(analyse.run, ['--json', '--models', site, file('page.dcm'), file('film.png'), file('cut.png'), file('nowhere.dcm')]);
    expect(code).toBe(2);
    const lines = out.trim().split('\n').map((line) => JSON.parse(line) as Record<string, any>);
    expect(lines.map((l) => l['error']?.code ?? l['eligible'])).toEqual(['not-dicom', true, 'pixels-damaged', 'ENOENT']);
    for (const name of ['page.dcm', 'cut.png', 'nowhere.dcm']) expect(err).toContain(file(name));
    expect(err).not.toContain('film.png');
    expect(lines[0]!['error'].text).toBe('neither a DICOM object nor PNG nor JPEG');
  });

  test('an empty file is called empty', async () => {
    const { code, out } = await runCommand(analyse.run, ['--models', site, file('empty.dcm')]);
    expect(code).toBe(2);
    expect(out).toMatch(/empty\.dcm +not read: the file is empty/);
  });

  test('the table is for people: no colour where it is no terminal', async () => {
    const { code, out } = await runCommand(analyse.run, ['--models', site, file('film.dcm'), file('icon.png')]);
    expect(code).toBe(0);
    expect(out).toMatch(/film\.dcm +\d+\.\d FLAGGED \(from 40\)/);
    expect(out).toContain('not analysed: picture too small');
    expect(out).not.toContain('\u001b');
    expect(out.toLowerCase()).not.toContain('normal');
  });

  test('usage errors name what is wrong', async () => {
    await expect(runCommand(analyse.run, [])).rejects.toMatchObject({ code: 'usage' });
    await expect(runCommand(analyse.run, ['--jsn', 'x'])).rejects.toMatchObject({ code: 'usage' });
    await expect(runCommand(analyse.run, ['--models', join(folder, 'nowhere'), 'x'])).rejects.toThrow(/nowhere/);
    await expect(runCommand(analyse.run, ['--models', site, '--provider', 'cuda:0', file('film.png')])).rejects.toMatchObject({ code: 'provider-unavailable' });
  });
});

describe('firstread models', () => {
  test('list and check', async () => {
    const list = await runCommand(models.run, ['list', '--models', site]);
    expect(list.code).toBe(0);
    expect(list.out).toMatch(/flags from[^]*tiny-heatmap .*tuberculosis +40 /);
    const good = await runCommand(models.run, ['check', join(site, 'tiny-yolo')]);
    expect(good).toMatchObject({ code: 0 });
    expect(good.out).toMatch(/good\. tiny-yolo 0\.0\.1, lung nodule; [\d.]+ ms for one picture/);
    const bad = await runCommand(models.run, ['check', join(folder, 'nowhere'), join(site, 'tiny-yolo')]);
    expect(bad.code).toBe(1);
    expect(bad.out).toMatch(/nowhere: one thing is wrong\n {2}model\.json: is not there/);
    await expect(runCommand(models.run, ['chek'])).rejects.toMatchObject({ code: 'usage' });
  });
});
