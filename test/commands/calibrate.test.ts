/** `firstread calibrate` on a site's registry and on a folder of films: proposals, refusals, and what it changes. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as calibrate from '../../src/commands/calibrate.ts';
import { matchRecorded, siteWorkload } from '../../src/commands/calibrate/registry-films.ts';
import * as models from '../../src/commands/models.ts';
import type { LabelRow } from '../../src/commands/labels-table.ts';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { inForce, readSiteThresholds } from '../../src/hub/site-thresholds.ts';
import type { RecordedFinding } from '../../src/registry/finding-query.ts';
import { wrapAsDx } from '../inference/drawn-dicom.ts';
import { drawChest } from '../inference/drawn-pictures.ts';
import { classifierDraft, lungFieldDraft, tinyClassifier, tinyLungField, writeModelFolder, writeTinySite } from '../models/tiny-models.ts';
import { drawStudies, recordStudies, temporarySite, writeTruth } from './recorded-site.ts';

const site = temporarySite();
const data = join(site, 'data');
const modelsFolder = join(site, 'models');
const file = (name: string): string => join(site, name);
const studies = drawStudies(1, 220, 500);
let model: { name: string; version: string; sha256: string };

beforeAll(async () => {
  mkdirSync(data);
  await writeTinySite(modelsFolder);
  model = JSON.parse(readFileSync(join(modelsFolder, 'tiny-heatmap/model.json'), 'utf8')) as typeof model;
  recordStudies(data, studies, { name: model.name, version: model.version, sha256: model.sha256 });
  writeTruth(file('truth.csv'), studies);
}, 60_000);
afterAll(() => rmSync(site, { recursive: true, force: true }));

async function runCommand(command: typeof calibrate.run, argv: string[], at = data, served = modelsFolder): Promise<{ code: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const sink = (key: 'out' | 'err') => new Writable({ write: (chunk, _, done) => ((text[key] += String(chunk)), done()) });
  const code = await command([...argv, '--data', at, '--models', served], { stdout: sink('out'), stderr: sink('err') });
  return { code, ...text };
}
const run = (...argv: string[]) => runCommand(calibrate.run, argv);
const json = async (...argv: string[]) => JSON.parse((await run(...argv, '--json')).out) as any;
const thresholds = () => readSiteThresholds(dataFolder(data).siteThresholds);

describe('a proposal', () => {
  test('for a sensitivity: the k-th highest score of the cases, what it costs beside the shipped one, and nothing is changed', async () => {
    const cases = studies.filter(({ positive }) => positive).map(({ score }) => score).sort((a, b) => b - a);
    const answer = await json(file('truth.csv'), '--sensitivity', '0.9');
    expect(answer).toMatchObject({ kind: 'proposed', family: 'tuberculosis', model: { sha256: model.sha256 }, shipped: 40, caseCount: 220, nonCaseCount: 500, filmCount: 720, leftOut: [], applied: null });
    // 198 of 220.
    expect(answer.thresholds).toEqual({ common: cases[197], groups: [] });
    const named = (name: string) => answer.costs.find((cost: { name: string }) => cost.name === name);
    expect(named('proposed').missedCases).toBeLessThanOrEqual(22);
    expect(named('the model\'s own').missedCases).toBe(studies.filter(({ positive, score }) => positive && score < 40).length);
    expect(named('the model\'s own').extraTests).toBe(studies.filter(({ positive, score }) => !positive && score >= 40).length);
    expect(answer.crossValidated.sensitivity).toBeGreaterThan(0.85);
    expect(thresholds()).toEqual([]);
  });

  test('as a table for people, with what it does not promise', async () => {
    const { code, out } = await run(file('truth.csv'), '--sensitivity', '90%', '--by', 'sex');
    expect(code).toBe(0);
    expect(out).toContain('720 films with truth, 220 patients with the disease and 500 without');
    expect(out).toMatch(/cases missed +extra tests +tests per case found/);
    expect(out).toMatch(/^F +[\d.]+ +\d+ +\d+/m);
    expect(out).toContain('chosen and judged on these same films');
    expect(out).toContain('Nothing was changed');
    expect(out).not.toMatch(/NAME/);
  });

  test('women and men get numbers of their own where there are enough, age bands here are too small', async () => {
    const bySex = await json(file('truth.csv'), '--sensitivity', '0.9', '--by', 'sex');
    expect(bySex.thresholds.groups.map(({ sex }: { sex: string }) => sex)).toEqual(['F', 'M']);
    expect(bySex.thresholds.groups[0].threshold).toBeLessThan(bySex.thresholds.groups[1].threshold);
    const byBoth = await json(file('truth.csv'), '--sensitivity', '0.9', '--by', 'age,sex');
    expect(byBoth.thresholds.groups).toEqual([]);
    expect(byBoth.groups.every(({ whyCommon }: { whyCommon: string }) => whyCommon.startsWith('too few: 62 cases and 103 others'))).toBe(true);
  });

  test('a workload is told by all studies of the site, a daily one by how many come', async () => {
    const all = studies.map(({ score }) => score).sort((a, b) => b - a);
    expect((await json(file('truth.csv'), '--flagged-at-most', '0.2')).thresholds.common).toBe(all.findLast((score, i) => i < 144 && score !== all[144]));
    // Forty come a day: six are 15 %.
    const daily = await json(file('truth.csv'), '--per-day', '6');
    expect(daily.operatingPoint).toBe('at most 6 flagged a day (15.0 % of 40)');
    expect(studies.filter(({ score }) => score >= daily.thresholds.common).length).toBeLessThanOrEqual(0.15 * 720);
  });

  test('--page: one file to show, with the same numbers and nothing from elsewhere', async () => {
    const awkward = join(site, 'truth <b>&.csv');
    writeFileSync(awkward, readFileSync(file('truth.csv')));
    const { out } = await run(awkward, '--sensitivity', '0.9', '--by', 'sex', '--page', file('page.html'));
    expect(out).toContain(`The same as a page: ${file('page.html')}`);
    const page = readFileSync(file('page.html'), 'utf8');
    const { thresholds: { common }, costs } = await json(awkward, '--sensitivity', '0.9', '--by', 'sex');
    expect(page).toContain(`proposed ${common}`);
    expect(page).toContain(`${costs.find((cost: { name: string }) => cost.name.startsWith('proposed')).missedCases} of 220`);
    expect(page).toContain('truth &lt;b&gt;&amp;.csv');
    expect(page).toContain('A proposal');
    expect(page).not.toMatch(/<script|<b>&|https?:\/\/|NAME\^/);
    expect(page).toMatch(/<th scope="row">F<\/th>/);
  });

  test('where few of a site\'s studies were tested, that is said', async () => {
    writeTruth(file('tested.csv'), [...studies.slice(0, 220), ...studies.slice(220, 400)]);
    expect((await json(file('tested.csv'), '--sensitivity', '0.9')).remarks).toEqual([expect.stringMatching(/^400 of the 720 studies here have a truth\./)]);
    expect((await json(file('truth.csv'), '--sensitivity', '0.9')).remarks).toEqual([]);
  });

  test('traces of Xpert Ultra: counted as told, and said', async () => {
    writeFileSync(file('traces.csv'), readFileSync(file('truth.csv'), 'utf8').replaceAll(/(A0000\d);MTB DETECTED MEDIUM/g, '$1;MTB Trace DETECTED'));
    for (const [trace, cases, others] of [['positive', 220, 500], ['negative', 211, 509], ['leave-out', 211, 500]] as const) {
      const answer = await json(file('traces.csv'), '--sensitivity', '0.9', '--trace', trace);
      expect([answer.caseCount, answer.nonCaseCount], trace).toEqual([cases, others]);
      expect(answer.remarks).toEqual([expect.stringMatching(/^9 rows say "trace"/)]);
    }
  });
});

describe('refusals say what is missing', () => {
  test('too few', async () => {
    writeTruth(file('few.csv'), [...studies.slice(0, 40), ...studies.slice(300, 350)]);
    const { code, err, out } = await run(file('few.csv'), '--sensitivity', '0.9', '--apply');
    expect(code).toBe(2);
    expect(err).toMatch(/refused: too few: needed are 62 cases \(here: 40\) and 103 patients without the disease \(here: 50\)/);
    expect(out).toBe('');
    expect(thresholds()).toEqual([]);
    expect(await json(file('few.csv'), '--sensitivity', '0.9')).toMatchObject({ kind: 'refused', code: 'too-few', casesNeeded: 62, nonCasesNeeded: 103 });
    // Who is content with less says so.
    expect((await run(file('few.csv'), '--sensitivity', '0.9', '--margin', '0.2')).code).toBe(0);
  });

  test('truth about other films', async () => {
    writeFileSync(file('others.csv'), readFileSync(file('truth.csv'), 'utf8').replaceAll('A0', 'B0'));
    expect((await run(file('others.csv'), '--sensitivity', '0.9')).err).toMatch(/about other films: 720 of its 720 rows.*leading zeros/);
  });

  test('scores of another model file do not count', async () => {
    const other = join(site, 'other');
    mkdirSync(other);
    recordStudies(other, studies.slice(0, 5), { ...model, sha256: 'e'.repeat(64) });
    writeTruth(file('five.csv'), studies.slice(0, 5));
    const { code, err } = await runCommand(calibrate.run, [file('five.csv'), '--sensitivity', '0.9'], other);
    expect([code, err]).toEqual([2, expect.stringMatching(/5 rows were found, but their films were scored by another model file/)]);
  });

  test.each([
    [['--sensitivity', '0.9', '--per-day', '3'], /one of --sensitivity/],
    [[], /one of --sensitivity/],
    [['--sensitivity', '0'], /share between 0 and 1/],
    [['--flagged-at-most', '0.1', '--by', 'sex'], /--by goes with --sensitivity/],
    [['--per-day', '40'], /40 a day is every film/],
    [['--sensitivity', '0.9', '--by', 'ward'], /--by is age, sex/],
    [['--sensitivity', '0.9', '--trace', 'maybe'], /--trace is positive, negative or leave-out/],
    [['--sensitivity', '0.9', '--model', 'nobody'], /no model called "nobody" finds tuberculosis here; there are: tiny-heatmap/],
    [['--sensitivity', '0.9', '--age-cuts', '50,30'], /ascending/],
  ])('%j', async (argv, message) => {
    await expect(run(file('truth.csv'), ...argv)).rejects.toThrow(message);
  });
});

describe('in force and back', () => {
  test('--apply binds it to the model file and the table; --undo takes one back at a time; --history keeps all', async () => {
    const first = await run(file('truth.csv'), '--sensitivity', '0.9', '--by', 'sex', '--apply');
    expect(first.out).toMatch(/In force as tb-1\. No hub runs on this data folder/);
    const [entry] = thresholds();
    expect(entry).toMatchObject({ id: 'tb-1', modelSha256: model.sha256, groups: [{ sex: 'F' }, { sex: 'M' }], csvSha256: expect.stringMatching(/^[0-9a-f]{64}$/), operatingPoint: 'sensitivity 0.9', appliedBy: expect.any(String), origin: { en: expect.stringMatching(/^sensitivity 0\.9 on 220 cases and 500 others of this site, \d{4}-\d\d-\d\d$/), vi: expect.stringMatching(/^độ nhạy 0,9 trên 220 ca bệnh và 500 ca không bệnh của cơ sở này, \d\d\/\d\d\/\d{4}$/) }, figures: { caseCount: 220, nonCaseCount: 500, sensitivity: [expect.any(Number), expect.any(Number), expect.any(Number)] } });
    await run(file('truth.csv'), '--sensitivity', '0.95', '--apply');
    expect(inForce(thresholds()).map(({ id }) => id)).toEqual(['tb-2']);
    // The next proposal is weighed against what is in force.
    expect((await run(file('truth.csv'), '--sensitivity', '0.9')).out).toMatch(/in force \(tb-2\)/);

    const { out } = await runCommand(models.run, ['list']);
    expect(out).toMatch(/tiny-heatmap +0\.0\.1 +tuberculosis +[\d.]+, the site's own \(manifest: 40\)/);
    expect(out).toMatch(/tiny-heatmap, tuberculosis: the site's own threshold tb-2: sensitivity 0\.95 on 220 cases/);

    expect((await run('--undo')).out).toMatch(new RegExp(`^tb-2 .* is taken back\\. In force for tiny-heatmap 0\\.0\\.1: ${entry?.threshold} \\(tb-1\\)`));
    expect((await run('--undo')).out).toMatch(/^tb-1 .* the model's own threshold/);
    await expect(run('--undo')).rejects.toThrow(/nothing to take back/);
    const { out: history } = await run('--history');
    expect(history.split('\n').filter((line) => /^tb-\d/.test(line)).map((line) => /taken back/.test(line))).toEqual([true, true]);
    expect(inForce(thresholds())).toEqual([]);
    expect(thresholds()).toHaveLength(2);
  });

  test('for a model file that is no longer there it is listed as ignored', async () => {
    await run(file('truth.csv'), '--sensitivity', '0.9', '--apply');
    const path = dataFolder(data).siteThresholds;
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(model.sha256, 'd'.repeat(64)));
    const { out } = await runCommand(models.run, ['list']);
    expect(out).toMatch(/tiny-heatmap, tuberculosis: the site threshold .* \(tb-3\) is ignored: it was chosen for another model file, dddddddddddd…; calibrate again/);
    expect(JSON.parse((await runCommand(models.run, ['list', '--json'])).out).find((one: any) => one.manifest.name === 'tiny-heatmap').thresholds).toEqual([{ family: 'tuberculosis', threshold: 40, origin: 'test', siteThreshold: null, remark: expect.stringContaining('is ignored') }]);
    expect((await run('--undo')).out).toMatch(/^tb-3 /);
  });

  test('a page that cannot be written does not hide what is in force', async () => {
    await expect(run(file('truth.csv'), '--sensitivity', '0.9', '--apply', '--page', site)).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/page cannot be written.*EISDIR.*in force all the same, as tb-4; --undo takes it back/) });
    expect((await run('--undo')).out).toMatch(/^tb-4 /);
    await expect(run(file('truth.csv'), '--sensitivity', '0.9', '--page', site)).rejects.toThrow(/page cannot be written(?!.*in force)/);
  });
});

describe('a folder of films', () => {
  test('is read now; broken files are named and left out; a kept score is not read again', { timeout: 120_000 }, async () => {
    const films = file('films');
    mkdirSync(films);
    // The brighter the whole film, the higher its score.
    const bright = file('bright');
    await writeModelFolder(bright, tinyLungField(), lungFieldDraft);
    await writeModelFolder(bright, tinyClassifier({ gain: 1, bias: 8 }), { ...classifierDraft, name: 'bright' });
    const read = (...argv: string[]) => runCommand(calibrate.run, [file('films.csv'), '--films', films, '--sensitivity', '0.9', '--margin', '0.3', ...argv], data, bright);
    const rows = ['file,label'];
    for (let i = 0; i < 60; i += 1) {
      const positive = i < 24;
      const radius = positive ? 30 + i : 20 + (i % 20);
      writeFileSync(join(films, `film-${i}.dcm`), wrapAsDx(drawChest({ width: 300, height: 300, spots: [{ x: 90, y: 150, radius, grey: 158 + Math.floor(i / 20) }] })));
      rows.push(`film-${i}.dcm,${positive ? 'pos' : 'neg'}`);
    }
    writeFileSync(join(films, 'broken.dcm'), 'no film');
    writeFileSync(join(films, 'copy.dcm'), readFileSync(join(films, 'film-0.dcm')));
    writeFileSync(file('films.csv'), [...rows, 'broken.dcm,neg', 'gone.dcm,pos', 'copy.dcm,pos', 'film-9.dcm,'].join('\n'));
    const { code, out, err } = await read();
    expect(err).not.toMatch(/refused/);
    expect(code).toBe(0);
    expect(out).toMatch(/60 films with truth, 24 patients with the disease and 36 without/);
    expect(out).toMatch(/line 62: broken\.dcm no score: neither a DICOM object nor PNG nor JPEG/);
    expect(out).toMatch(/line 63: gone\.dcm no such file/);
    // Counted twice, one film would make the interval narrower than it is.
    expect(out).toMatch(/line 64: copy\.dcm the same bytes as film-0\.dcm: counted once/);
    expect((await read('--margin', '0.02')).err).toMatch(/4 of 64 rows were left out/);
    expect(existsSync(join(films, 'scores.jsonl'))).toBe(false);
    // Films without an age of their own: the table's is the model's limit too, as for evaluate.
    await writeModelFolder(bright, tinyClassifier({ gain: 1, bias: 8 }), { ...classifierDraft, name: 'bright', ageYears: { min: 15 } });
    writeFileSync(file('films.csv'), [`${rows[0]},age`, ...rows.slice(1).map((line, i) => `${line},${i === 3 ? 9 : 40}`)].join('\n'));
    const { out: aged } = await read();
    expect(aged).toMatch(/59 films with truth, 23 patients with the disease/);
    expect(aged).toMatch(/line 5: film-3\.dcm no score: patient is under 15 \(by the table\)/);
    await expect(read('--scores', file('nowhere'))).rejects.toThrow(/--scores is the folder that firstread evaluate wrote/);
    mkdirSync(file('kept'));
    await read('--scores', file('kept'));
    const kept = readFileSync(join(file('kept'), 'scores.jsonl'), 'utf8');
    await read('--scores', file('kept'));
    expect(readFileSync(join(file('kept'), 'scores.jsonl'), 'utf8')).toBe(kept);
  });
});

describe('rows and recorded studies', () => {
  const row = (line: number, change: Partial<LabelRow>): LabelRow => ({ line, positive: true, label: '1', values: {}, ...change });
  const recorded = (sopInstanceUid: string, change: Partial<RecordedFinding> = {}): RecordedFinding => ({ sopInstanceUid, studyInstanceUid: `study of ${sopInstanceUid}`, receivedAtMs: 0, family: 'tuberculosis', score: 50, threshold: 40, flagged: true, shadow: false, model: { name: 'm', version: '1', sha256: 'a' }, ...change });
  const match = (rows: readonly LabelRow[], findings: readonly RecordedFinding[], known: readonly string[] = []) => matchRecorded(rows, findings, new Set(['a']), (word) => known.includes(word));

  test('a study counts with the highest score of its images by the model in question', () => {
    const findings = [recorded('1', { accessionNumber: 'A', patientId: 'P', score: 20 }), recorded('2', { accessionNumber: 'A', patientId: 'P', score: 70 }), recorded('3', { accessionNumber: 'A', patientId: 'P', score: 99, model: { name: 'm', version: '0', sha256: 'b' } })];
    expect(match([row(2, { accessionNumber: 'A' })], findings).films).toMatchObject([{ name: 'A', score: 70, positive: true }]);
    expect(match([row(2, { sopInstanceUid: '1' })], findings).films).toMatchObject([{ score: 20 }]);
    expect(match([row(2, { sopInstanceUid: '3' })], findings)).toMatchObject({ films: [], otherModelCount: 1 });
  });

  test('an identifier under another heading is found; what could be two things is left out', () => {
    const findings = [recorded('1', { accessionNumber: 'A', patientId: 'P' }), recorded('2', { accessionNumber: '0', patientId: 'Q' }), recorded('3', { accessionNumber: '0', patientId: 'R' }), recorded('4', { patientId: 'S' }), recorded('5', { patientId: 'S' })];
    expect(match([row(2, { file: 'folder/A.dcm' })], findings).films).toHaveLength(1);
    expect(match([row(2, { file: 'P' })], findings).films).toHaveLength(1);
    expect(match([row(2, { accessionNumber: '0' }), row(3, { patient: 'S' })], findings).leftOut.map(({ reason }) => reason)).toEqual(['is an accession number of several patients', 'is a patient with 2 studies: name one by its accession number']);
  });

  test('truth both ways counts for neither, a repeated row once; a film that is here without a score is no stranger', () => {
    const findings = [recorded('1', { accessionNumber: 'A', patientId: 'P' }), recorded('2', { accessionNumber: 'B', patientId: 'Q' })];
    const { films, leftOut, strangerCount } = match([row(2, { accessionNumber: 'A' }), row(3, { accessionNumber: 'A', positive: false }), row(4, { accessionNumber: 'B' }), row(5, { patient: 'Q' }), row(6, { accessionNumber: 'C' }), row(7, { accessionNumber: 'D' })], findings, ['C']);
    expect(films.map(({ name }) => name)).toEqual(['B']);
    expect(leftOut.map(({ line }) => line)).toEqual([2, 3, 5, 6, 7]);
    expect(leftOut.find(({ line }) => line === 6)?.reason).toMatch(/without a score/);
    expect(strangerCount).toBe(1);
  });

  test('a study counts once, by its accession number in one row and the UID of an image in another, with its highest score', () => {
    const a = { accessionNumber: 'A', studyInstanceUid: 's' };
    const findings = [recorded('1', { ...a, score: 20 }), recorded('2', { ...a, score: 70 }), recorded('2', { ...a, score: 75 }), recorded('3', { accessionNumber: 'B', score: 30 })];
    const whole = row(2, { accessionNumber: 'A' });
    const image = row(3, { sopInstanceUid: '1' });
    for (const rows of [[whole, image], [image, whole]]) {
      const { films, leftOut } = match([...rows, row(4, { accessionNumber: 'B' })], findings);
      expect(films.map(({ score }) => score)).toEqual([75, 30]);
      expect(leftOut).toEqual([expect.objectContaining({ line: rows[1]?.line, reason: `again: the same film as in line ${rows[0]?.line}` })]);
    }
    const { films, leftOut } = match([whole, { ...image, positive: false }, row(4, { sopInstanceUid: '2' })], findings);
    expect(films).toEqual([]);
    expect(leftOut.map(({ line, reason }) => [line, reason])).toEqual([[2, 'truth both ways'], [3, 'truth both ways (line 2)'], [4, 'again: the same film as in line 2']]);
    // Two images, each by its own name, are two films.
    expect(match([row(2, { sopInstanceUid: '1' }), row(3, { sopInstanceUid: '2' })], findings).films).toHaveLength(2);
  });

  test('a day with films has so many studies, however many images each', () => {
    const findings = [recorded('1', { studyInstanceUid: 's1', score: 10 }), recorded('2', { studyInstanceUid: 's1', score: 90 }), recorded('3', { studyInstanceUid: 's2' }), recorded('4', { studyInstanceUid: 's3', receivedAtMs: 5 * 86_400_000 })];
    expect(siteWorkload(findings, new Set(['a']))).toEqual({ scores: [90, 50, 50], studiesPerDay: 1.5 });
  });
});

