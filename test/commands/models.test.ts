/** `firstread models shadow` and `compare`: one word in a manifest, and two models told apart from what the registry has. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as models from '../../src/commands/models.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { heatmapDraft, lungFieldDraft, tinyHeatmap, tinyLungField, writeModelFolder, writeTinySite } from '../models/tiny-models.ts';
import { drawStudies, recordStudies, temporarySite, writeTruth } from './recorded-site.ts';

const site = temporarySite();
const data = join(site, 'data');
const served = join(site, 'models');
const OURS = { name: 'tb', version: '1.0.0', sha256: 'a'.repeat(64) };
const NEXT = { name: 'tb-next', version: '2.0.0', sha256: 'b'.repeat(64) };
const studies = drawStudies(3, 120, 260, 14);

beforeAll(async () => {
  mkdirSync(data);
  await writeTinySite(served);
  recordStudies(data, studies, OURS, NEXT);
  writeTruth(join(site, 'truth.csv'), studies);
}, 60_000);
afterAll(() => rmSync(site, { recursive: true, force: true }));

async function run(...argv: string[]): Promise<string> {
  const text = { out: '' };
  const sink = () => new Writable({ write: (chunk, _, done) => ((text.out += String(chunk)), done()) });
  await models.run([...argv, '--data', data, '--models', served], { stdout: sink(), stderr: sink() });
  return text.out;
}
const shadowOf = (folder: string): unknown => (JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as { shadow?: unknown }).shadow;

describe('models shadow', () => {
  test('on and off, said each time what is shown then; the rest of the manifest is not touched', async () => {
    const folder = await writeModelFolder(served, tinyHeatmap({ gain: 0.02 }), { ...heatmapDraft, name: 'next', shadow: true });
    const before = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as object;
    expect(await run('shadow', folder, 'on')).toMatch(/is in shadow already/);
    // Its elder is shown: two cannot be.
    await expect(run('shadow', folder, 'off')).rejects.toThrow(/the manifest was left as it was, because then: 2 models for tuberculosis: .*only one can be shown/);
    expect(JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))).toEqual(before);
    expect(await run('shadow', join(served, 'tiny-heatmap'), 'on')).toMatch(/^tiny-heatmap 0\.0\.1 is in shadow: scored and recorded, never shown\. Shown: tiny-yolo 0\.0\.1\.\nHub and workers .*restart/);
    expect(shadowOf(join(served, 'tiny-heatmap'))).toBe(true);
    expect(await run('shadow', folder, 'off')).toMatch(/^next 0\.0\.1 is no longer in shadow\. Shown: next 0\.0\.1, tiny-yolo 0\.0\.1\./);
    expect(shadowOf(folder)).toBeUndefined();
    expect(await run('list')).toMatch(/tiny-heatmap +0\.0\.1 +tuberculosis \(in shadow\)/);
    rmSync(folder, { recursive: true });
    await run('shadow', join(served, 'tiny-heatmap'), 'off');
  });

  test('a folder that is not served is told where to go; a lung field, a typing error and nothing are refused', async () => {
    const elsewhere = await writeModelFolder(join(site, 'elsewhere'), tinyHeatmap(), { ...heatmapDraft, name: 'apart' });
    expect(await run('shadow', elsewhere, 'on')).toMatch(/not among the models that are served here: put the folder into models\/ of the data folder/);
    const lungs = await writeModelFolder(join(site, 'elsewhere'), tinyLungField(), lungFieldDraft);
    await expect(run('shadow', lungs, 'on')).rejects.toThrow(/lung field/);
    await expect(run('shadow', elsewhere, 'maybe')).rejects.toThrow(/on, or off/);
    await expect(run('shadow', join(site, 'nowhere'), 'on')).rejects.toThrow(/is not there/);
  });
});

describe('models compare', () => {
  test('a table without names; the better one is told with the truth', async () => {
    const text = await run('compare', 'tb', 'tb-next', '--truth', join(site, 'truth.csv'), '--differences', '3');
    expect(text).toMatch(/^380 films scored by both, for tuberculosis:\n {2}tb 1\.0\.0 \(aaaaaaaa\)\n {2}tb-next 2\.0\.0 \(bbbbbbbb\), in shadow\n/);
    expect(text).toMatch(/With the truth of 120 films of cases and 260 others/);
    expect(text).toContain('tb-next tells cases from others better than tb on these films.');
    expect(text.split('\n').filter((line) => /^A\d{5} /.test(line))).toHaveLength(3);
    expect(text).not.toMatch(/NAME/);
    expect(await run('compare', 'tb', 'tb-next', '--names', '--differences', '1')).toMatch(/^A\d{5} +NAME P\d+ /m);
    expect(await run('compare', 'tb-next', 'tb', '--truth', join(site, 'truth.csv'))).toContain('tb-next tells cases from others better than tb');
  });

  test('--json has what the table has', async () => {
    const report = JSON.parse(await run('compare', 'tb@1.0.0', 'bbbbbb', '--json', '--truth', join(site, 'truth.csv'))) as any;
    const flagged = (threshold: number, of: (one: (typeof studies)[number]) => number): number => studies.filter((one) => of(one) >= threshold).length;
    expect(report.comparison.flags.both + report.comparison.flags.onlyA).toBe(flagged(57, ({ score }) => score));
    expect(report.comparison.flags.both + report.comparison.flags.onlyB).toBe(flagged(50, ({ shadowScore }) => shadowScore ?? 0));
    expect(report.comparison.truth).toMatchObject({ caseCount: 120, nonCaseCount: 260, method: 'DeLong' });
    expect(flagged(report.comparison.sameWorkload.threshold, ({ shadowScore }) => shadowScore ?? 0)).toBeLessThanOrEqual(flagged(57, ({ score }) => score));
  });

  test.each([
    [['tb', 'tb'], /same model file/],
    [['tb', 'unknown'], /no model "unknown" has scored anything here; there are: tb@1\.0\.0 \(aaaaaaaa\), tb-next@2\.0\.0/],
    [['tb'], /name the two models/],
    [['tb', 'tb-next', '--family', 'nodule'], /do not both look for lung nodule/],
    [['tb', 'tb-next', '--differences', 'many'], /--differences/],
  ])('%j is refused', async (argv, message) => {
    await expect(run('compare', ...argv)).rejects.toThrow(message);
  });

  test('two that never saw the same film, and a registry that is not there', async () => {
    const other = join(site, 'other');
    mkdirSync(other);
    recordStudies(other, studies.slice(0, 3), OURS);
    recordStudies(other, studies.slice(3, 6).map((one) => ({ ...one, accessionNumber: one.accessionNumber.replace('A0', 'A9') })), NEXT);
    const compare = (at: string) => models.run(['compare', 'tb', 'tb-next', '--data', at], { stdout: process.stdout, stderr: process.stderr });
    await expect(compare(other)).rejects.toThrow(/no images were scored by both for tuberculosis: tb has 3, tb-next 3\. One of them must run in shadow/);
    await expect(compare(join(site, 'empty'))).rejects.toThrow(/there is no registry/);
    const empty = join(site, 'fresh');
    mkdirSync(empty);
    openRegistry(join(empty, 'registry.sqlite')).close();
    await expect(compare(empty)).rejects.toThrow(/there are: none/);
  });
});
