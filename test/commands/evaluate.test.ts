/**
 * `firstread evaluate` on a folder as a hospital has it: drawn chests as DICOM and PNG, a study of two views, a hand,
 * a cut file, a web page named .dcm, and a table from a spreadsheet. With the shipped models.
 */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Canvas } from '../../fixtures/canvas.ts';
import { drawChest } from '../../fixtures/draw-chest.ts';
import { drawHand, drawLateralChest } from '../../fixtures/draw-other.ts';
import { writeImage } from '../../fixtures/encode-pixels.ts';
import * as evaluate from '../../src/commands/evaluate.ts';
import { writeSiteThresholds } from '../../src/hub/site-thresholds.ts';
import { heatmapDraft, tinyHeatmap, writeModelFolder } from '../models/tiny-models.ts';

// Models are opened a dozen times; a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let root: string;
let films: string;
let out: string;

const grey = ({ cells }: Canvas, gain = 1): Uint8Array => Uint8Array.from(cells, (cell) => Math.round(Math.min(1, Math.max(0, cell * gain)) * 255));
const png = async (canvas: Canvas, gain = 1): Promise<Buffer> => sharp(grey(canvas, gain), { raw: { width: canvas.width, height: canvas.height, channels: 1 } }).png().toBuffer();

function dicom(canvas: Canvas, header: Record<string, string>): Uint8Array {
  return writeImage(
    { SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1', SOPInstanceUID: `2.25.${header['AccessionNumber']?.slice(1)}${header['ViewPosition'] === 'LL' ? 1 : 0}`, StudyInstanceUID: '2.25.9', Modality: 'DX', PresentationIntentType: 'FOR PRESENTATION', PatientAge: '045Y', PatientSex: 'F', ...header },
    { rows: canvas.height, columns: canvas.width, bitsStored: 8, values: Uint16Array.from(grey(canvas)), photometricInterpretation: 'MONOCHROME2' },
    '1.2.840.10008.1.2.1',
  );
}

const PNG_COUNT = 12;
const SIZE = [300, 340] as const;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'firstread-evaluate-'));
  films = join(root, 'films');
  out = join(root, 'out');
  await mkdir(join(films, 'png'), { recursive: true });
  // Drawing is slow: two chests, their exposure changed.
  const [width, height] = SIZE;
  const clear = drawChest({ seed: 14, width, height, lesions: [] });
  const shadowed = drawChest({ seed: 11, width, height, lesions: [{ kind: 'infiltrate', x: 0.3, y: 0.27, radius: 0.13, strength: 0.34 }] });
  const rows: string[] = [];
  for (let i = 0; i < PNG_COUNT; i += 1) {
    await writeFile(join(films, 'png', `film-${i}.png`), await png(i % 2 === 0 ? shadowed : clear, 0.8 + i / 60));
    rows.push(`FILM-${i}.PNG;;${i % 2 === 0 ? 'Có' : 'Không'};${i < 4 ? 'An' : `BN${i}`};${i % 3 === 0 ? 'nữ' : 'nam'};${20 + i * 4};ward ${i % 2}`);
  }
  await writeFile(join(films, 'a1.dcm'), dicom(clear, { AccessionNumber: 'A6', ViewPosition: 'PA', BodyPartExamined: 'CHEST' }));
  await writeFile(join(films, 'a2.dcm'), dicom(drawLateralChest(18, width, height), { AccessionNumber: 'A6', ViewPosition: 'LL', BodyPartExamined: 'CHEST' }));
  const hand = drawHand(17, 300, 360);
  await writeFile(join(films, 'a3.dcm'), dicom(hand, { AccessionNumber: 'A7', ViewPosition: 'PA', BodyPartExamined: 'HAND' }));
  await writeFile(join(films, 'tay.png'), await png(hand));
  await writeFile(join(films, 'child.png'), await png(shadowed, 0.77));
  await writeFile(join(films, 'page.dcm'), '<!DOCTYPE html><html><body>404</body></html>');
  await writeFile(join(films, 'cut.png'), (await readFile(join(films, 'png', 'film-0.png'))).subarray(0, 3000));
  await writeFile(join(films, 'png', 'copy.png'), await readFile(join(films, 'png', 'film-2.png')));
  await writeFile(join(films, 'nobody.png'), await png(clear, 0.7));
  const table = [
    'Film;Accession No.;TB;Patient ID;Sex;Age;Ward', ...rows,
    ';A6;no;;;;', ';A7;no;;;;', 'tay.png;;yes;;;;', 'child;;yes;;;9;', 'film-0.png;;Có;;;;', 'copy.png;;yes;;;;', 'page.dcm;;yes;;;;', 'cut.png;;no;;;;', 'gone.png;;no;;;;', ';A4;perhaps;;;;',
  ];
  await writeFile(join(root, 'truth.csv'), `\ufeff${table.join('\r\n')}\r\n`);
});
afterAll(async () => rm(root, { recursive: true, force: true }));

async function runEvaluate(argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const sink = (key: 'out' | 'err') => new Writable({ write: (chunk, _, done) => ((text[key] += String(chunk)), done()) });
  const code = await evaluate.run(argv, { stdout: sink('out'), stderr: sink('err') });
  return { code, ...text };
}
const usual = (): string[] => ['--labels', join(root, 'truth.csv'), '--out', out, films];
const names = (list: { name: string }[]): string[] => list.map(({ name }) => name);

describe('a folder with everything in it', () => {
  let answer: { code: number; out: string; err: string };
  let json: any;
  beforeAll(async () => {
    answer = await runEvaluate([...usual(), '--by', 'ward', '--prevalence', '2%', '--threshold', '30']);
    json = JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8'));
  });

  test('every film that can be scored is, by file name or accession number', () => {
    // Twelve pictures and the frontal view of study A6.
    expect(json.evaluation.scored).toMatchObject({ filmCount: 13, positiveCount: 6 });
    expect(json.columns).toMatchObject({ file: 'Film', accessionNumber: 'Accession No.', label: 'TB', patient: 'Patient ID' });
    expect(json.evaluation.clusteredByPatient).toBe(true);
    expect(json.evaluation.scored.auc.value).toBeGreaterThan(0.5);
  });

  test('bad files are named with their reason, on the way and in the report, and the exit code says so', () => {
    expect(answer.code).toBe(2);
    expect(answer.err).toContain('not read: page.dcm: neither a DICOM object nor PNG nor JPEG');
    expect(answer.err).toMatch(/not read: cut\.png: the picture cannot be decoded/);
    expect(names(json.unreadable).sort()).toEqual(['cut.png', 'page.dcm']);
    expect(answer.out).toContain('2 not readable');
    expect(answer.err).not.toContain('\r');
  });

  test('refused films are listed apart and counted both ways', () => {
    expect(json.refused.map((film: any) => [film.name, film.positive, film.reason]).sort()).toEqual([
      ['a3.dcm', false, 'body part other than chest (hand)'],
      ['child.png', true, 'patient is under 15 (by the table)'],
      ['tay.png', true, 'not a frontal chest film'],
    ].sort());
    const { scored, withRefused } = json.evaluation;
    expect(withRefused).toMatchObject({ filmCount: 16, positiveCount: 8, refusedPositiveCount: 2, refusedNegativeCount: 1 });
    expect(withRefused.shipped.falseNegatives).toBe(scored.shipped.falseNegatives + 2);
    expect(withRefused.shipped.trueNegatives).toBe(scored.shipped.trueNegatives + 1);
    expect(answer.out).toMatch(/3 refused \(.*not a frontal chest film: 1/);
  });

  test('rows and files that fit nothing are named', () => {
    const reasons = Object.fromEntries(json.rowsLeftOut.map((row: any) => [`${row.name} ${row.reason.split(':')[0]}`, row.reason]));
    expect(reasons).toMatchObject({
      'A4 line 23': 'line 23: the label "perhaps" is neither positive nor negative',
      'gone.png line 22': 'line 22: no such file',
      'film-0.png line 18': 'line 18: again: the same film as in line 2',
      'png/copy.png the same bytes as png/film-2.png': 'the same bytes as png/film-2.png: counted once',
    });
    expect(json.rowsLeftOut).toHaveLength(4);
    expect(json.filesWithoutRow).toContain('nobody.png');
    expect(json.filesWithoutRow).not.toContain('png/film-3.png');
  });

  test('sub-groups by sex, age and the column asked for; thresholds and prevalence as asked', () => {
    expect(json.evaluation.subGroups.map((each: any) => each.column)).toEqual(['sex', 'age', 'Ward']);
    expect(json.asked[0].threshold).toBe(30);
    expect(json.evaluation.scored.shipped.atPrevalence.prevalence).toBe(0.02);
    expect(answer.out).toContain('PPV at 2 %');
  });

  test('the page needs nothing else, escapes what strangers wrote, and is for nobody else to read', async () => {
    const page = await readFile(join(out, 'report.html'), 'utf8');
    expect(page).not.toMatch(/<script|<link|src=|@import|https?:\/\//i);
    expect(page).toContain("default-src 'none'");
    for (const part of ['ROC', 'Calibration', 'By threshold', 'Not a medical device', 'tay.png', 'page.dcm', json.model.sha256]) expect(page).toContain(part);
    expect((await stat(join(out, 'report.html'))).mode & 0o077).toBe(0);
    const films = await readFile(join(out, 'films.csv'), 'utf8');
    expect(films).toMatch(/^"tay\.png","positive","refused",,,"not a frontal chest film"\r$/m);
    expect((await readFile(join(out, 'thresholds.csv'), 'utf8')).trim().split('\r\n')).toHaveLength(json.evaluation.thresholds.length + 1);
  });

  test('run again, the models are not: what is stored is believed, even after a torn line', async () => {
    const path = join(out, 'scores.jsonl');
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    // One score is changed by hand, to see it come back; the last line is torn by a crash.
    const target = lines.findIndex((line) => JSON.parse(line).outcome === 'scored');
    lines[target] = JSON.stringify({ ...JSON.parse(lines[target]!), score: 3.7 });
    const torn = lines.length - 1;
    await writeFile(path, `${lines.slice(0, torn).join('\n')}\n${lines[torn]!.slice(0, 40)}`);
    const again = await runEvaluate([...usual(), '--json']);
    expect(again.code).toBe(2);
    const evaluation = JSON.parse(again.out).evaluation;
    expect(evaluation.thresholds.at(-1).threshold).toBe(3.7);
    expect(evaluation.scored.filmCount).toBe(13);
    // One film, the torn one, was scored anew.
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(lines.length + 1);
    expect(again.err).toMatch(/(\d+) of (\d+) films were scored before/);
    const [, before, all] = /(\d+) of (\d+) films were scored before/.exec(again.err)!;
    expect(Number(all) - Number(before)).toBe(1);
  });
});

test("this site's threshold, another one for women, is measured beside the shipped one", async () => {
  const data = join(root, 'data');
  await mkdir(data);
  const { model } = JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8'));
  const entry = { id: 't1', family: 'tuberculosis', modelSha256: model.sha256, threshold: 0, groups: [{ sex: 'F', threshold: 100 }], origin: 'for a test', modelName: model.name, modelVersion: model.version, appliedAtMs: 1, appliedBy: 'x', csvSha256: '', operatingPoint: 'x', figures: {} } as const;
  writeSiteThresholds(join(data, 'site-thresholds.json'), [entry]);
  const answer = await runEvaluate([...usual(), '--data', data]);
  const { site, evaluation } = JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8'));
  // Films 0, 3, 6, 9 and study A6 are women's: none of them is flagged at 100; all others are at 0.
  expect(site).toMatchObject({ origin: 'for a test', groups: ['F: 100'], at: { threshold: 0, truePositives: 4, falseNegatives: 2, falsePositives: 4, trueNegatives: 3 } });
  expect(evaluation.threshold).not.toBe(0);
  expect(answer.out).toContain("at this site's threshold");
  expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('for a test; F: 100');
});

test('a report that cannot be written is said in a sentence, with what is kept', async () => {
  await mkdir(join(out, 'report.html.part'), { recursive: true });
  await expect(runEvaluate(usual())).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/report\.html cannot be written: EISDIR.*The scores are kept/) });
  await rm(join(out, 'report.html.part'), { recursive: true });
  expect((await runEvaluate(usual())).err).toMatch(/(\d+) of \1 films were scored before/);
});

describe('what is asked wrongly', () => {
  test.each([
    [['--labels', 'truth.csv', '--prevalence', '3'], /--prevalence is a share/],
    [['--labels', 'truth.csv', '--threshold', '101'], /--threshold is a number from 0 to 100/],
    [['--labels', 'truth.csv', '--jobs', '1.5'], /--jobs/],
    [['--labels', 'truth.csv', '--family', 'cancer'], /--family is tuberculosis or "lung nodule"/],
    [['--labels', 'truth.csv', '--by', 'Wart'], /no column "Wart" \(columns: "Film"/],
    [['--labels', 'truth.csv', '--family', 'nodule', '--label-column', 'Ward'], /no label in the column "Ward" says yes or no to lung nodule; it says "ward 0", "ward 1"/],
    [['--labels', 'nowhere.csv'], /there is no file/],
    [[], /say where the truth is/],
  ])('%j', async (argv, message) => {
    await expect(runEvaluate([...argv.map((word) => (word.endsWith('.csv') ? join(root, word) : word)), '--out', out, films])).rejects.toThrow(message);
  });

  test('an output folder that cannot be made is said in a sentence', async () => {
    await expect(runEvaluate(['--labels', join(root, 'truth.csv'), '--out', join(root, 'truth.csv'), films])).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/truth\.csv cannot be made \(--out\)/) });
  });

  test('a table of other films says what it looked for', async () => {
    await writeFile(join(root, 'other.csv'), 'image,label\nx1.dcm,1\n');
    await expect(runEvaluate(['--labels', join(root, 'other.csv'), '--out', out, films])).rejects.toThrow(/no row of .*other\.csv names a file in .*films; the first one says "x1\.dcm"/);
  });
});

test('classes in folders of their own: the warning is loud, in the terminal and on the page', async () => {
  const split = join(root, 'split');
  const rows = ['file,label'];
  for (let i = 0; i < 12; i += 1) {
    const folder = i % 2 === 0 ? 'sanatorium' : 'clinic <b>';
    await mkdir(join(split, folder), { recursive: true });
    await writeFile(join(split, folder, `film-${i}.png`), await readFile(join(films, 'png', `film-${i}.png`)));
    rows.push(`${folder}/film-${i}.png,${i % 2 === 0 ? 1 : 0}`);
  }
  await writeFile(join(split, 'labels.csv'), rows.join('\n'));
  const answer = await runEvaluate(['--out', join(split, 'out'), split]);
  expect(answer.code).toBe(0);
  expect(answer.out).toContain('!! These figures may say little: the folder alone tells the classes apart');
  const page = await readFile(join(split, 'out', 'report.html'), 'utf8');
  expect(page).toContain('the folder alone tells the classes apart');
  expect(page).toContain('clinic &lt;b&gt;');
  expect(page).not.toContain('clinic <b>');
});

test('a model in shadow is measured where it is the only one of its family', async () => {
  const models = join(root, 'own-models');
  await writeModelFolder(models, tinyHeatmap(), { ...heatmapDraft, shadow: true });
  const argv = ['--labels', join(root, 'truth.csv'), '--out', join(root, 'shadow-out'), '--models', models, '--json', films];
  const { model, evaluation } = JSON.parse((await runEvaluate(argv)).out);
  expect(model.name).toBe('tiny-heatmap');
  expect(evaluation.scored.filmCount).toBeGreaterThan(5);
  await writeModelFolder(models, tinyHeatmap({ gain: 0.1 }), { ...heatmapDraft, name: 'another', shadow: true });
  await expect(runEvaluate(argv)).rejects.toThrow(/all models here that look for tuberculosis are in shadow: .*--models/);
});

test('boxes: pointing for a heatmap model, FROC for one with boxes; what does not fit is left out by name', async () => {
  await writeFile(join(root, 'boxes.csv'), ['image,xmin,ymin,xmax,ymax', ...[0, 2, 4, 6, 8].map((i) => `film-${i}.png,40,40,150,150`), 'film-10.png,0.1,0.1,0.4,0.4', 'film-1.png,10,10,50,50', 'film-0.png,9,9,5,5', 'none.png,1,1,5,5'].join('\n'));
  const argv = [...usual(), '--boxes', join(root, 'boxes.csv'), '--json'];
  const tuberculosis = JSON.parse((await runEvaluate(argv)).out);
  expect(tuberculosis.evaluation.pointing.n).toBe(5);
  expect(tuberculosis.evaluation).not.toHaveProperty('froc');
  expect(tuberculosis.remarks).toEqual(['1 film labelled negative with a marked box: not in the figures about places', '1 film positive without a marked box: not in the figures about places']);
  expect(tuberculosis.rowsLeftOut.filter((row: any) => row.reason.startsWith('box')).map((row: any) => row.name)).toEqual(['film-10.png', 'film-0.png', 'none.png']);
  const nodule = JSON.parse((await runEvaluate([...argv, '--family', 'lung nodule', '--label-column', 'tb', '--positive', 'có,yes', '--negative', '*'])).out);
  expect(nodule.model.name).toBe('lung-nodule');
  expect(nodule.evaluation.froc).toMatchObject({ placeCount: 5 });
});
