/** The site's own thresholds on disk: what is in force, picked up without a restart, and what a damaged file does. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { judgedBySite } from '../../src/hub/site-models.ts';
import type { SiteModel } from '../../src/hub/site-models.ts';
import { inForce, lastThresholdsIn, openSiteThresholds, readSiteThresholds, thresholdJournal, writeSiteThresholds } from '../../src/hub/site-thresholds.ts';
import type { CurrentSiteThresholds, SiteThresholdEntry } from '../../src/hub/site-thresholds.ts';
import { createStudyEngine } from '../../src/hub/study-engine.ts';
import { admitFields } from '../../src/ops/redaction.ts';
import type { Registry } from '../../src/registry/registry.ts';

const sha = (letter: string): string => letter.repeat(64);
const entry = (id: string, change: Partial<SiteThresholdEntry> = {}): SiteThresholdEntry => ({
  id, family: 'tuberculosis', modelSha256: sha('a'), threshold: 43.1, groups: [], origin: `90 % sensitivity on our films (${id})`,
  modelName: 'tuberculosis', modelVersion: '0.2.0', appliedAtMs: Number(id.slice(-1)), appliedBy: 'lan', csvSha256: sha('c'), operatingPoint: 'sensitivity 0.9', figures: { cases: 80 },
  ...change,
});

const kept = new Map<string, unknown>();
const settings = { setting: (key: string) => kept.get(key), setSetting: (key: string, value: unknown) => void kept.set(key, value) };
const folders: string[] = [];
const opened: CurrentSiteThresholds[] = [];
const file = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), 'firstread-thresholds-')));
  return join(folders.at(-1) as string, 'site-thresholds.json');
};
function open(path: string) {
  const told: string[] = [];
  const fields: Record<string, unknown>[] = [];
  const log = { write: (event: string, about: Record<string, unknown> = {}) => { told.push(event); fields.push(about); } };
  const audited: object[] = [];
  const current = openSiteThresholds(path, thresholdJournal(log as never, { record: (facts) => audited.push(facts) }), lastThresholdsIn(settings, () => 0));
  opened.push(current);
  return { current, told, fields, audited };
}
afterEach(() => {
  kept.clear();
  for (const one of opened.splice(0)) one.close();
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

describe('in force', () => {
  test('the newest of each family and file that was not taken back', () => {
    const entries = [entry('tb-1'), entry('tb-2', { threshold: 50 }), entry('other-3', { modelSha256: sha('b') }), entry('nodule-4', { family: 'lung nodule' })];
    expect(inForce(entries).map(({ id }) => id)).toEqual(['tb-2', 'other-3', 'nodule-4']);
    const undone = entries.map((one) => (one.id === 'tb-2' ? { ...one, undoneAtMs: 9 } : one));
    expect(inForce(undone).map(({ id }) => id)).toEqual(['tb-1', 'other-3', 'nodule-4']);
  });
});

describe('the file', () => {
  test('comes back as it was written, for its owner only, without remains', () => {
    const path = file();
    expect(readSiteThresholds(path)).toEqual([]);
    writeSiteThresholds(path, [entry('tb-1')]);
    expect(readSiteThresholds(path)).toEqual([entry('tb-1')]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['site-thresholds.json']);
  });

  test.each([
    ['no JSON', '{"schema": '],
    ['another schema', '{"schema": "firstread-site-thresholds/2", "entries": []}'],
    ['a threshold beyond the scale', JSON.stringify({ schema: 'firstread-site-thresholds/1', entries: [entry('tb-1', { threshold: 101 })] })],
    ['a threshold as text', JSON.stringify({ schema: 'firstread-site-thresholds/1', entries: [{ ...entry('tb-1'), threshold: '43' }] })],
    ['an origin in English alone, as if in both', JSON.stringify({ schema: 'firstread-site-thresholds/1', entries: [{ ...entry('tb-1'), origin: { en: 'our films' } }] })],
    ['a group without a number', JSON.stringify({ schema: 'firstread-site-thresholds/1', entries: [{ ...entry('tb-1'), groups: [{ sex: 'F' }] }] })],
    ['an entry that is nothing', '{"schema": "firstread-site-thresholds/1", "entries": [null]}'],
  ])('%s is damage, with what to do', (_what, text) => {
    const path = file();
    writeFileSync(path, text);
    expect(() => readSiteThresholds(path)).toThrow(/is damaged.*restore it/);
  });
});

describe('picked up by a running hub', () => {
  test('a change is in force at the next question, logged and audited with who did it; damage leaves what was', () => {
    const path = file();
    const { current, told, audited } = open(path);
    expect(current.inForce()).toEqual([]);
    expect(audited).toEqual([]);
    writeSiteThresholds(path, [entry('tb-1')]);
    expect(current.inForce().map(({ id }) => id)).toEqual(['tb-1']);
    expect(audited).toEqual([{ event: 'thresholds-in-force', who: 'lan', outcome: 'done', details: { fileSha256: expect.stringMatching(/^[0-9a-f]{64}$/), inForce: `tb-1: tuberculosis 43.1 for ${'a'.repeat(12)}` } }]);
    writeFileSync(path, 'garbage');
    expect(current.inForce().map(({ id }) => id)).toEqual(['tb-1']);
    expect(current.problem()).toMatch(/damaged/);
    writeSiteThresholds(path, [entry('tb-1', { undoneAtMs: 99, undoneBy: 'huy' })]);
    expect(current.inForce()).toEqual([]);
    expect(current.problem()).toBeUndefined();
    expect(audited.at(-1)).toMatchObject({ who: 'huy', details: { inForce: 'none: the models\' own' } });
    expect(told).toEqual(['thresholds-in-force', 'thresholds-refused', 'thresholds-in-force']);
    rmSync(path);
    expect(current.inForce()).toEqual([]);
  });

  test('damaged while the hub was down: what was last in force still is, after the start too; without a file it is not', () => {
    const path = file();
    writeSiteThresholds(path, [entry('tb-1')]);
    open(path);
    writeFileSync(path, 'garbage');
    const { current, told, fields } = open(path);
    expect(current.inForce()).toEqual([entry('tb-1')]);
    expect(current.problem()).toMatch(/damaged/);
    expect(told).toEqual(['thresholds-refused']);
    // The log takes words only: why must be one, or ops never hear it.
    expect(admitFields(fields[0]!)).toMatchObject({ fields: { reason: expect.stringMatching(/damaged/) }, droppedFields: 0 });
    rmSync(path);
    expect(current.inForce()).toEqual([]);
    expect(open(path).current.inForce()).toEqual([]);
  });

  test('a job carries what holds for its patient', () => {
    const path = file();
    const { current } = open(path);
    const header = { patientSex: 'F', patientAgeYears: 20 };
    const engine = createStudyEngine({
      registry: { instance: () => ({ fileKey: 'f', header }) } as unknown as Registry,
      queue: { add: async () => undefined },
      siteThresholds: () => current.inForce(),
      now: () => 0,
      wakeWorkers: () => undefined, writeReports: () => undefined, wakeOutbox: () => undefined, onChanged: () => undefined, onQueueTrouble: () => undefined,
    });
    const job = () => engine.jobFor('s', { kind: 'analyse', sopInstanceUid: 'i', contentSha256: 'c', rank: 10 });
    expect(job()).not.toHaveProperty('thresholds');
    writeSiteThresholds(path, [entry('tb-1', { groups: [{ sex: 'F', ageYearsBelow: 35, threshold: 30 }] })]);
    expect(job()?.thresholds).toEqual([{ id: 'tb-1', family: 'tuberculosis', modelSha256: sha('a'), threshold: 30, group: { en: 'F, under 35 years', vi: 'nữ, dưới 35 tuổi' }, origin: entry('tb-1').origin }]);
    writeSiteThresholds(path, []);
    expect(job()).not.toHaveProperty('thresholds');
  });
});

test('a disk too full to keep what is in force: said, tried again, and no fault of the file', async () => {
  const path = file();
  const written: number[] = [];
  let isFull = true;
  const lastInForce = {
    read: () => [],
    write(entries: readonly SiteThresholdEntry[]) {
      if (isFull) throw new Error('disk full');
      written.push(entries.length);
    },
  };
  const problems: string[] = [];
  writeSiteThresholds(path, [entry('tb-1')]);
  const current = openSiteThresholds(path, { onInForce: () => {}, onProblem: (problem) => problems.push(problem) }, lastInForce);
  opened.push(current);
  expect(current.inForce()).toEqual([entry('tb-1')]);
  expect(current.problem()).toMatch(/in force, but not kept .*disk full/);
  isFull = false;
  await expect.poll(() => current.problem(), { timeout: 30_000 }).toBeUndefined();
  expect(written).toEqual([1]);
  expect(problems).toEqual([]);
});

describe('beside the models', () => {
  const model: SiteModel = { name: 'tuberculosis', version: '0.2.0', sha256: sha('a'), family: 'tuberculosis', threshold: 56.8, thresholdOrigin: 'the manifest', status: 'interim', shadow: false };

  test('the site\'s own is shown with the number that it replaces', () => {
    expect(judgedBySite([model], [entry('tb-1', { groups: [{ sex: 'M', threshold: 60 }] })])).toEqual([
      { ...model, threshold: 43.1, thresholdOrigin: entry('tb-1').origin, siteThreshold: { id: 'tb-1', manifestThreshold: 56.8, groups: [{ group: { en: 'M', vi: 'nam' }, threshold: 60 }] } },
    ]);
  });

  test('one for another file is ignored, and that is said; one for another served model is no news', () => {
    const [ignored] = judgedBySite([model], [entry('tb-1', { modelSha256: sha('b') })]);
    expect(ignored).toMatchObject({ threshold: 56.8, thresholdRemark: { en: expect.stringMatching(/^the site threshold 43\.1 \(tb-1\) is ignored: .* bbbbbbbbbbbb…/), vi: expect.stringMatching(/^ngưỡng của cơ sở 43,1 \(tb-1\) không được dùng: .* bbbbbbbbbbbb…/) } });
    const shadow = { ...model, sha256: sha('b'), shadow: true };
    const [shown, beside] = judgedBySite([model, shadow], [entry('tb-1', { modelSha256: sha('b') })]);
    expect(shown).toEqual(model);
    expect(beside?.threshold).toBe(43.1);
    expect(judgedBySite([{ ...model, family: 'lung nodule' }], [entry('tb-1', { modelSha256: sha('b') })])[0]?.thresholdRemark).toBeUndefined();
  });
});
