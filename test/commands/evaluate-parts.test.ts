/** Parts of `firstread evaluate` where every case counts: matching rows with files, scores kept, stopping, progress. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatherFilms } from '../../src/commands/evaluate/gather-films.ts';
import { matchFilms } from '../../src/commands/evaluate/match-films.ts';
import type { FileIdentity } from '../../src/commands/evaluate/match-films.ts';
import { scoreFilms } from '../../src/commands/evaluate/score-films.ts';
import { openScoreStore, scoredBy } from '../../src/commands/evaluate/score-store.ts';
import type { StoredScore } from '../../src/commands/evaluate/score-store.ts';
import type { LabelRow } from '../../src/commands/labels-table.ts';
import { describeDuration, describeProgress, drawBar, startProgress } from '../../src/commands/progress-line.ts';
import type { FileTools } from '../../src/inference/analyse-file.ts';

const row = (line: number, keys: Pick<LabelRow, 'file' | 'accessionNumber' | 'sopInstanceUid'>, positive = true): LabelRow => ({ line, positive, label: '', values: {}, ...keys });
const nobody = async (_file: string): Promise<FileIdentity> => ({});

describe('rows and files', () => {
  const match = async (rows: LabelRow[], files: string[], identify = nobody) => {
    const { cases, leftOut, filesWithoutRow } = await matchFilms(rows, files, '/f', identify);
    return { cases: cases.map((one) => [one.row.line, ...one.files]), leftOut: leftOut.map(({ line, reason }) => [line, reason]), filesWithoutRow };
  };

  test.each([
    ['as written', 'a/x.png', '/f/a/x.png'],
    ['name alone', 'x.png', '/f/a/x.png'],
    ['without its ending', 'x', '/f/a/x.png'],
    ['other case, Windows path', 'A\\X.PNG', '/f/a/x.png'],
    ['moved since', 'old/place/x.png', '/f/a/x.png'],
    ['ending changed', 'x.dcm', '/f/a/x.png'],
    ['a name with dots in it', '1.2.840.7', '/f/1.2.840.7.dcm'],
    ['composed differently', 'phổi.png', `/f/${'phổi.png'.normalize('NFD')}`],
  ])('%s', async (_, wanted, file) => {
    expect((await match([row(2, { file: wanted })], [file])).cases).toEqual([[2, file]]);
  });

  test('the same name in two folders: by folder, or not at all', async () => {
    const files = ['/f/tb/1.png', '/f/normal/1.png'];
    expect(await match([row(2, { file: 'tb/1.png' }), row(3, { file: 'normal/1.png' }, false)], files)).toEqual({ cases: [[2, files[0]], [3, files[1]]], leftOut: [], filesWithoutRow: [] });
    expect((await match([row(2, { file: '1.png' })], files)).leftOut).toEqual([[2, '2 files have that name: write their folders too']]);
    // The positive film is missing: its row must not take the negative one.
    expect(await match([row(2, { file: 'tb/1.png' }), row(3, { file: 'normal/1.png' }, false)], [files[1]!])).toEqual({ cases: [[3, files[1]]], leftOut: [[2, 'no such file']], filesWithoutRow: [] });
  });

  test('by SOP Instance UID, by accession number (several files), by either in the file column', async () => {
    const identities: Record<string, FileIdentity> = { '/f/1': { sopInstanceUid: '1.2.3', accessionNumber: 'A1' }, '/f/2': { sopInstanceUid: '1.2.4', accessionNumber: 'A1' }, '/f/3': { sopInstanceUid: '1.2.5', accessionNumber: 'A2' } };
    const identify = async (file: string): Promise<FileIdentity> => identities[file] ?? {};
    const files = Object.keys(identities);
    expect((await match([row(2, { accessionNumber: 'A1' }), row(3, { sopInstanceUid: '1.2.5' })], files, identify)).cases).toEqual([[2, '/f/1', '/f/2'], [3, '/f/3']]);
    expect((await match([row(2, { file: '1.2.4' }), row(3, { file: 'A2' })], files, identify)).cases).toEqual([[2, '/f/2'], [3, '/f/3']]);
    const dummies = Array.from({ length: 20 }, (_, i) => `/f/d${i}`);
    expect((await match([row(2, { accessionNumber: '0' })], dummies, async () => ({ accessionNumber: '0' }))).leftOut).toEqual([[2, 'means 20 files; at most 16 are one study']]);
  });

  test('twice alike counts once; twice otherwise counts never', async () => {
    expect(await match([row(2, { file: 'x.png' }), row(3, { file: 'x' })], ['/f/x.png'])).toEqual({ cases: [[2, '/f/x.png']], leftOut: [[3, 'again: the same film as in line 2']], filesWithoutRow: [] });
    // Moved since the table was written, and written twice.
    expect(await match([row(2, { file: 'C:\\old\\x.png' }), row(3, { file: 'C:\\old\\x.png' })], ['/f/x.png'])).toEqual({ cases: [[2, '/f/x.png']], leftOut: [[3, 'again: the same film as in line 2']], filesWithoutRow: [] });
    expect((await match([row(2, { file: 'a/x.png' }), row(3, { file: 'b/x.png' })], ['/f/x.png'])).leftOut).toEqual([[2, 'no such file'], [3, 'no such file']]);
    expect((await match([row(2, { file: 'x.png' }), row(3, { file: 'x' }, false)], ['/f/x.png'])).leftOut).toEqual([[2, 'labelled both ways (line 3)'], [3, 'labelled both ways (line 2)']]);
  });

  test('files without a row are listed, tables beside them are not', async () => {
    expect((await match([row(2, { file: 'x.png' })], ['/f/x.png', '/f/y.png', '/f/notes.csv'])).filesWithoutRow).toEqual(['y.png']);
  });
});

describe('cases', () => {
  const scored = (sha256: string, score: number): StoredScore => ({ sha256: sha256.repeat(64).slice(0, 64), outcome: 'scored', score, facts: { format: 'DICOM' } });
  const gather = (cases: [name: string, positive: boolean, scores: StoredScore[]][]) => {
    const scores = new Map<string, StoredScore>();
    const labelled = cases.map(([name, positive, own], i) => ({ name, row: row(i + 2, { file: name }, positive), files: own.map((score, k) => (scores.set(`/f/${name}${k}`, score), `/f/${name}${k}`)) }));
    return gatherFilms(labelled, scores, { base: '/f', by: [], ageYears: { min: 15 } });
  };

  test("a study has its highest image's score; a refused view beside it does not matter", () => {
    const { films, refused } = gather([['s', true, [scored('1', 20), scored('2', 70), { sha256: '3'.repeat(64), outcome: 'refused', reason: { code: 'view-lateral', text: 'lateral view' }, facts: { format: 'DICOM' } }]]]);
    expect(films).toMatchObject([{ name: 's', score: 70 }]);
    expect(refused).toEqual([]);
  });

  test('the same bytes under two names: once, or never where the labels differ', () => {
    expect(gather([['a', true, [scored('1', 20)]], ['b', true, [scored('1', 20)]]])).toMatchObject({ films: [{ name: 'a' }], leftOut: [{ name: 'b', reason: 'the same bytes as a: counted once' }] });
    expect(gather([['a', true, [scored('1', 20)]], ['b', false, [scored('1', 20)]]])).toMatchObject({ films: [], leftOut: [{ name: 'a', reason: 'the same bytes as b, labelled the other way' }, { name: 'b' }] });
  });
});

describe('scores are kept', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'firstread-scores-'))));
  afterAll(async () => rm(folder, { recursive: true }));
  const one: StoredScore = { sha256: 'a'.repeat(64), outcome: 'scored', score: 12.5, facts: { format: 'png' } };

  test('by content and by what scored it; damage is passed over', async () => {
    const path = join(folder, 'a.jsonl');
    (await openScoreStore(path, 'models 1')).put(one);
    expect((await openScoreStore(path, 'models 1')).get(one.sha256)).toEqual(one);
    expect((await openScoreStore(path, 'models 2')).get(one.sha256)).toBeUndefined();
    await writeFile(path, `${await readFile(path, 'utf8')}{"schema":"firstread-scores/1","scoredBy":"models 1","sha256":"${'b'.repeat(64)}","outcome":"scored","facts":{}}\nnonsense\n{"schema":"firstr`);
    const store = await openScoreStore(path, 'models 1');
    expect(store.get(one.sha256)).toEqual(one);
    // "scored" without a score.
    expect(store.get('b'.repeat(64))).toBeUndefined();
    store.put({ ...one, sha256: 'c'.repeat(64) });
    expect((await openScoreStore(path, 'models 1')).get('c'.repeat(64))).toBeDefined();
  });

  test("a model that answers for two families: the scores of one are not the other's", () => {
    const set = { lungField: undefined, findings: [] };
    expect(scoredBy(set, 'tuberculosis', {})).toBe(scoredBy(set, 'tuberculosis', {}));
    expect(scoredBy(set, 'lung nodule', {})).not.toBe(scoredBy(set, 'tuberculosis', {}));
  });

  test('stopped, it ends after the films in work, and goes on from there', async () => {
    const files: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      files.push(join(folder, `page-${i}.dcm`));
      await writeFile(files[i]!, `<html>${i}</html>`);
    }
    const stop = new AbortController();
    const fresh: string[] = [];
    // Web pages never reach a model: there is none here.
    const tools = { settings: { eligibility: {} }, decode: async () => Promise.reject(new Error('not asked')) } as unknown as FileTools;
    const run = async (signal: AbortSignal, stopAfter: number) => scoreFilms({
      files, family: 'tuberculosis', store: await openScoreStore(join(folder, 'b.jsonl'), 'm'), tools, filesAtOnce: 1, stop: signal,
      onFilm: (file, _, isFresh) => {
        if (isFresh) fresh.push(file);
        if (fresh.length === stopAfter) stop.abort();
      },
    });
    expect((await run(stop.signal, 2)).size).toBe(2);
    const rest = await run(new AbortController().signal, Infinity);
    expect([...rest.values()].map((score) => [score.outcome, score.reason?.code])).toEqual(files.map(() => ['unreadable', 'not-dicom']));
    expect(fresh).toEqual(files);
  });
});

describe('progress', () => {
  test('an estimate from what was really done', () => {
    expect(describeProgress({ done: 3, fresh: 3, total: 100, noun: 'films', elapsedMs: 900 })).toBe('3 of 100 films');
    expect(describeProgress({ done: 60, fresh: 10, total: 100, noun: 'films', elapsedMs: 5000 })).toBe('60 of 100 films · 2.0 a second · 20 s left');
    expect([500, 59_000, 61_000, 7_500_000].map(describeDuration)).toEqual(['1 s', '59 s', '1 min', '2 h 5 min']);
    expect(drawBar(1, 2)).toBe('████████████░░░░░░░░░░░░');
  });

  test('a bar on a terminal; elsewhere a line now and then', () => {
    const written = { live: '', log: '' };
    const io = (key: 'live' | 'log') => ({ stdout: process.stdout, stderr: Object.assign(new Writable({ write: (chunk, _, done) => ((written[key] += String(chunk)), done()) }), { isTTY: key === 'live' }) });
    for (const key of ['live', 'log'] as const) {
      const progress = startProgress(200, 'films', io(key), 0);
      for (let i = 1; i <= 100; i += 1) progress.step(true, i * 1000);
      progress.say('not read: x');
      progress.end(101_000);
    }
    expect(written.live).toContain('\r████');
    expect(written.live.endsWith('not read: x\n\r\u001b[2K')).toBe(true);
    expect(written.log.split('\n')).toEqual(['30 of 200 films · 1.0 a second · 3 min left', '60 of 200 films · 1.0 a second · 2 min left', '90 of 200 films · 1.0 a second · 2 min left', 'not read: x', '']);
  });
});
