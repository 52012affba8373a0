/**
 * A real hub judges by the site's own threshold from the next image on, without a restart, says so wherever the number is
 * shown, and judges as before once it is taken back. A model in shadow beside the shown one is recorded and shown nowhere,
 * not even where it fails.
 */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSendable, sendAll } from '../../src/commands/send.ts';
import * as models from '../../src/commands/models.ts';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { readSiteThresholds, writeSiteThresholds } from '../../src/hub/site-thresholds.ts';
import type { SiteThresholdEntry } from '../../src/hub/site-thresholds.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { heatmapDraft, tinyClassifier, tinyHeatmap, classifierDraft, writeModelFolder, writeTinySite } from '../models/tiny-models.ts';
import { removeData, startHubProcess, temporaryData, untilSettled, type HubProcess } from './hub-process.ts';
import { smallChest, studyUidOf } from './small-chest.ts';

const data = temporaryData();
const site = mkdtempSync(join(tmpdir(), 'firstread-shadow-'));
const outside = mkdtempSync(join(tmpdir(), 'firstread-reports-'));
const files = mkdtempSync(join(tmpdir(), 'firstread-films-'));
const thresholds = dataFolder(data).siteThresholds;
let hub: HubProcess;
let sha256: string;

/** Words by which anything of the two models in shadow would be found. */
const SHADOWS = ['next-version', 'broken-version'];

beforeAll(async () => {
  await writeTinySite(site);
  // Less steep than the usual one: its scores are below 100.
  await writeModelFolder(site, tinyHeatmap({ gain: 0.02 }), heatmapDraft);
  await writeModelFolder(site, tinyHeatmap({ gain: 0.01 }), { ...heatmapDraft, name: 'next-version', shadow: true });
  await writeModelFolder(site, tinyClassifier({ bias: Number.NaN }), { ...classifierDraft, name: 'broken-version', shadow: true });
  sha256 = (JSON.parse(readFileSync(join(site, 'tiny-heatmap/model.json'), 'utf8')) as { sha256: string }).sha256;
  hub = await startHubProcess({ data, models: site, environment: { FIRSTREAD_DESTINATIONS: JSON.stringify([{ name: 'archive', kind: 'folder', path: outside, reportKinds: ['flagged', 'below-threshold', 'not-analysed'] }]) } });
}, 90_000);
afterAll(async () => {
  await hub?.stop();
  for (const folder of [data, site, outside, files]) removeData(folder);
});

let sent = 0;
/** A film of a man of 56; resolves with what the API says of its study. */
async function sendFilm(key: string): Promise<Detail> {
  const path = join(files, `${key}.dcm`);
  writeFileSync(path, smallChest({ key, mark: sent }));
  await sendAll({ host: '127.0.0.1', port: hub.dicomPort, calledAeTitle: 'FIRSTREAD', callingAeTitle: 'XQUANG1' }, [readSendable(path)], () => undefined);
  sent += 1;
  await untilSettled(data, sent);
  return (await (await hub.api(`/api/studies/${studyUidOf(key)}`)).json()) as Detail;
}

interface Detail {
  readonly row: { readonly reason: { readonly text: string }; readonly findings: readonly AnsweredFinding[] };
  readonly assessment: { readonly findings: readonly AnsweredFinding[] };
  readonly journal: readonly { readonly kind: string; readonly text: string }[];
}
interface AnsweredFinding {
  readonly family: string;
  readonly score: number;
  readonly threshold: number;
  readonly flagged: boolean;
  readonly siteThreshold?: { readonly id: string; readonly origin?: unknown; readonly group?: unknown };
}
const tuberculosis = (findings: readonly AnsweredFinding[]): AnsweredFinding => findings.find(({ family }) => family === 'tuberculosis') as AnsweredFinding;
const modelRow = async () => ((await (await hub.api('/api/models')).json()) as { models: { family: string; [key: string]: unknown }[] }).models.find(({ family }) => family === 'tuberculosis');
const reportTexts = (): string[] => readdirSync(outside).filter((name) => name.endsWith('.dcm')).map((name) => readFileSync(join(outside, name)).toString('utf8'));
const reportsOf = (key: string): string[] => reportTexts().filter((text) => text.includes(studyUidOf(key)));
const audited = (): { event: string; who: string; details?: Record<string, unknown> }[] =>
  readdirSync(join(data, 'audit')).filter((name) => name.endsWith('.jsonl')).flatMap((name) => readFileSync(join(data, 'audit', name), 'utf8').trim().split('\n').map((line) => JSON.parse(line))).filter(({ event }) => event === 'thresholds-in-force');
const own = (change: Partial<SiteThresholdEntry> = {}): SiteThresholdEntry => ({
  id: 'tb-1', family: 'tuberculosis', modelSha256: sha256, threshold: 99.9, groups: [], origin: 'sensitivity 0.9 on 80 cases and 300 others of this site, 2026-11-21', modelName: 'tiny-heatmap', modelVersion: '0.0.1',
  appliedAtMs: 1, appliedBy: 'lan', csvSha256: 'c'.repeat(64), operatingPoint: 'sensitivity 0.9', figures: {}, ...change,
});

describe('the site\'s own threshold', () => {
  test('comes into force, says that it is one, holds for its group, and is gone when taken back', { timeout: 120_000 }, async () => {
    const before = await sendFilm('before');
    const shipped = tuberculosis(before.assessment.findings);
    expect(shipped).toMatchObject({ flagged: true, threshold: 40 });
    expect(shipped).not.toHaveProperty('siteThreshold');
    expect(await modelRow()).toMatchObject({ threshold: 40, thresholdOrigin: 'test' });

    writeSiteThresholds(thresholds, [own()]);
    const judged = await sendFilm('judged');
    const finding = tuberculosis(judged.assessment.findings);
    expect(finding).toMatchObject({ score: shipped.score, threshold: 99.9, flagged: false, siteThreshold: { id: 'tb-1', origin: own().origin } });
    expect(tuberculosis(judged.row.findings).siteThreshold).toEqual({ id: 'tb-1' });
    expect(judged.journal.find(({ kind }) => kind === 'instanceAnalysed')?.text).toMatch(/tuberculosis \d+ \(site threshold 99\.9\)/);
    expect(await modelRow()).toMatchObject({ threshold: 99.9, thresholdOrigin: own().origin, siteThreshold: { id: 'tb-1', manifestThreshold: 40, groups: [] } });
    await expect.poll(() => reportsOf('judged').some((text) => text.includes(`threshold-origin=site tb-1: ${own().origin}`)), { timeout: 60_000 }).toBe(true);
    expect(reportsOf('before').every((text) => !text.includes('threshold-origin'))).toBe(true);

    const origin = { en: 'sensitivity 0.9 on our own films', vi: 'độ nhạy 0,9 trên phim của chúng tôi' };
    writeSiteThresholds(thresholds, [own({ origin, groups: [{ sex: 'M', ageYearsMin: 55, threshold: 30 }] })]);
    const grouped = await sendFilm('grouped');
    expect(tuberculosis(grouped.assessment.findings)).toMatchObject({ threshold: 30, flagged: true, siteThreshold: { origin, group: { en: 'M, 55 years and over', vi: 'nam, từ 55 tuổi' } } });
    // Reports are written in English.
    await expect.poll(() => reportsOf('grouped').some((text) => text.includes('threshold-origin=site tb-1 (M, 55 years and over): sensitivity 0.9 on our own films')), { timeout: 60_000 }).toBe(true);
    expect(grouped.row.reason.text).toMatch(/tuberculosis \d+ \(site threshold 30\)/i);

    writeSiteThresholds(thresholds, readSiteThresholds(thresholds).map((entry) => ({ ...entry, undoneAtMs: 2, undoneBy: 'huy' })));
    const after = await sendFilm('after');
    expect(tuberculosis(after.assessment.findings)).toEqual({ ...shipped, ...{ sopInstanceUid: expect.any(String), region: expect.any(Array) } });
    // What was judged before keeps its judgement.
    const again = (await (await hub.api(`/api/studies/${studyUidOf('judged')}`)).json()) as Detail;
    expect(tuberculosis(again.assessment.findings).threshold).toBe(99.9);
    expect(audited().map(({ who, details }) => [who, details?.['inForce']])).toEqual([
      ['lan', `tb-1: tuberculosis 99.9 for ${sha256.slice(0, 12)}`],
      ['lan', `tb-1: tuberculosis 99.9 for ${sha256.slice(0, 12)}`],
      ['huy', 'none: the models\' own'],
    ]);
  });

  test('one for another file is ignored, and the model\'s row says so', { timeout: 60_000 }, async () => {
    writeSiteThresholds(thresholds, [own({ modelSha256: 'f'.repeat(64) })]);
    const detail = await sendFilm('stranger');
    expect(tuberculosis(detail.assessment.findings)).toMatchObject({ threshold: 40 });
    expect(await modelRow()).toMatchObject({ threshold: 40, thresholdRemark: { en: expect.stringMatching(/site threshold 99\.9 \(tb-1\) is ignored.*ffffffffffff…; calibrate again/), vi: expect.stringContaining('ffffffffffff…') } });
  });

  test('a damaged file changes nothing and stops nobody', { timeout: 60_000 }, async () => {
    writeSiteThresholds(thresholds, [own()]);
    await sendFilm('sound');
    writeFileSync(thresholds, '{');
    const detail = await sendFilm('damaged');
    expect(tuberculosis(detail.assessment.findings)).toMatchObject({ threshold: 99.9 });
  });
});

describe('models in shadow', () => {
  test('one is recorded, the other\'s failure too; neither costs a study its answer', async () => {
    const registry = openRegistry(dataFolder(data).registry, { readOnly: true });
    const page = registry.findingsAfter(0, 1000);
    registry.close();
    const recorded = page.findings.filter(({ model }) => model.name === 'next-version');
    expect(recorded).toHaveLength(sent);
    expect(recorded.every(({ shadow, score }) => shadow && score > 0)).toBe(true);
    expect(page.failures.filter(({ model, code }) => model.name === 'broken-version' && code === 'model-output-invalid')).toHaveLength(sent);
    const rows = await untilSettled(data, sent);
    expect(rows.every(({ state, findings }) => state !== 'attention' && findings.length === 2)).toBe(true);
  });

  test('no answer of the API and no report names either of them', async () => {
    const uid = studyUidOf('before');
    const paths = ['/api/worklist?includeRead=true', `/api/studies/${uid}`, '/api/models', '/api/deliveries', `/api/why?a=${uid}&b=${studyUidOf('after')}`, '/metrics', '/readyz', '/api/turnaround'];
    const answers = await Promise.all(paths.map(async (path) => (await hub.api(path)).text()));
    expect(answers[0]).toContain('tuberculosis');
    expect(reportTexts().length).toBeGreaterThanOrEqual(2 * sent);
    for (const text of [...answers, ...reportTexts()]) for (const name of SHADOWS) expect(text).not.toContain(name);
  });

  test('models compare tells them apart from the registry, beside the running hub', async () => {
    const text = { out: '', err: '' };
    const sink = (key: 'out' | 'err') => new Writable({ write: (chunk, _, done) => ((text[key] += String(chunk)), done()) });
    await models.run(['compare', 'tiny-heatmap', 'next-version', '--data', data, '--json'], { stdout: sink('out'), stderr: sink('err') });
    const report = JSON.parse(text.out) as { models: { shadow: boolean }[]; comparison: { filmCount: number }; patientNames?: object };
    expect(report.models.map(({ shadow }) => shadow)).toEqual([false, true]);
    expect(report.comparison.filmCount).toBe(sent);
    expect(report.patientNames).toBeUndefined();
    await expect(models.run(['compare', 'tiny-heatmap', 'broken-version', '--data', data], { stdout: sink('out'), stderr: sink('err') })).rejects.toThrow(/no model "broken-version" has scored anything here/);
  });
});
