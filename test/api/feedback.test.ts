/** Feedback, its file, saved views, prior studies, why-here and turnaround, from outside. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { csvLine } from '../../src/api/csv.ts';
import { DEMO_CASES, demoStudy } from './demo-studies.ts';
import { demoSite, type DemoSite } from './demo-site.ts';

let site: DemoSite;
let anna: string;
let binh: string;
let uids: string[];
beforeAll(async () => {
  site = await demoSite();
  anna = site.session('reader', 'anna');
  binh = site.session('reader', 'binh');
  uids = site.studies.map((one) => one.study.studyInstanceUid);
});
afterAll(() => site.close());
beforeEach(() => void (site.clock.nowMs += 1_000));

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const ask = (cookie: string, method: Method, url: string, payload?: object) =>
  site.app.inject({ method, url, headers: { host: 'localhost', origin: 'http://localhost', 'x-firstread': '1', 'sec-fetch-site': 'same-origin', cookie }, ...(payload === undefined ? {} : { payload }) });
const say = (cookie: string, uid: string, payload: object) => ask(cookie, 'POST', `/api/studies/${uid}/feedback`, payload);
const study = async (uid: string, cookie = anna) => (await ask(cookie, 'GET', `/api/studies/${uid}`)).json() as { row: { feedbackCount: number }; feedback: Record<string, unknown>[]; priors: Record<string, unknown>[] };

describe('feedback', () => {
  test('is bound to the model, its score and threshold; the latest counts; the row counts; audited and told', async () => {
    const uid = uids[1]!;
    const told: string[] = [];
    const { unsubscribe } = site.live.subscribe(undefined, (message) => void told.push(...message.studyInstanceUids));
    const first = await say(anna, uid, { family: 'tuberculosis', verdict: 'agree' });
    expect(first.json()).toEqual({
      feedback: { family: 'tuberculosis', verdict: 'agree', by: 'anna', atMs: site.clock.nowMs, mine: true, model: { name: 'tb', version: '1.2.0', sha256: 'a1'.repeat(32) }, score: 73, threshold: 42, flagged: true },
    });
    await say(binh, uid, { family: 'tuberculosis', verdict: 'disagree', note: '  old scar\nsince 2019 ' });
    await say(anna, uid, { family: 'tuberculosis', verdict: 'disagree' });
    await say(anna, uid, { family: 'tuberculosis', verdict: 'disagree' });
    await say(anna, uid, { family: 'lung nodule', verdict: 'agree' });
    const { row, feedback } = await study(uid);
    expect(row.feedbackCount).toBe(3);
    expect(feedback.map(({ by, family, verdict, note, mine, flagged }) => [by, family, verdict, note, mine, flagged])).toEqual([
      ['anna', 'lung nodule', 'agree', undefined, true, false],
      ['anna', 'tuberculosis', 'disagree', undefined, true, true],
      ['binh', 'tuberculosis', 'disagree', 'old scar\nsince 2019', false, true],
    ]);
    const audited = (await site.auditEntries()).filter((one) => one['event'] === 'feedback-given');
    expect(audited).toHaveLength(4); // the same again is nothing new
    expect(audited[1]).toMatchObject({ who: 'binh', studyInstanceUid: uid, details: { family: 'tuberculosis', verdict: 'disagree' } });
    expect(JSON.stringify(audited)).not.toContain('scar');
    await expect.poll(() => told).toContain(uid);
    unsubscribe();
  });

  test('of what no model scored there is none; nor by those who do not read', async () => {
    const refused = await say(anna, uids[4]!, { family: 'tuberculosis', verdict: 'agree' });
    expect([refused.statusCode, refused.json()]).toMatchObject([409, { error: { code: 'feedback-without-finding' } }]);
    expect((await say(anna, '1.2.3', { family: 'tuberculosis', verdict: 'agree' })).statusCode).toBe(404);
    expect((await say(site.session('technologist'), uids[1]!, { family: 'tuberculosis', verdict: 'agree' })).statusCode).toBe(403);
    for (const wrong of [{ family: 'tuberculosis' }, { family: 'cancer', verdict: 'agree' }, { family: 'tuberculosis', verdict: 'perhaps' }, { family: 'tuberculosis', verdict: 'agree', note: 'x'.repeat(1_001) }]) {
      expect((await say(anna, uids[1]!, wrong)).statusCode).toBe(400);
    }
  });

  test('the file: one line a row, all that was ever said, nothing that a spreadsheet would run, no patient', async () => {
    for (const note of ['=HYPERLINK("http://evil","x")', '+1', '-1+1', '@SUM(A1)', '\t=1', '＝1', 'a "quote", and a\r\nbreak', 'Nguyễn: đồng ý']) {
      await say(binh, uids[2]!, { family: 'lung nodule', verdict: 'disagree', note });
      site.clock.nowMs += 1_000;
    }
    expect((await ask(anna, 'GET', '/api/feedback.csv')).statusCode).toBe(403);
    const answer = await ask(site.session('operator'), 'GET', '/api/feedback.csv');
    expect(answer.headers).toMatchObject({ 'content-type': 'text/csv; charset=utf-8; header=present', 'content-disposition': 'attachment; filename="firstread-feedback-2026-11-21.csv"' });
    expect([...answer.rawPayload.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const lines = answer.body.slice(1).split('\r\n');
    expect(lines.pop()).toBe('');
    expect(lines[0]).toContain('"given_at","given_by","study_instance_uid"');
    expect(lines).toHaveLength(1 + 4 + 8);
    expect(lines.slice(-8).map((line) => /"disagree",(yes|no),(".*?(?<!")"(?!")),66,/.exec(line)?.slice(1))).toEqual([
      ['no', `"'=HYPERLINK(""http://evil"",""x"")"`], ['no', `"'+1"`], ['no', `"'-1+1"`], ['no', `"'@SUM(A1)"`], ['no', `"'=1"`], ['no', `"'＝1"`],
      ['no', '"a ""quote"", and a break"'], ['yes', '"Nguyễn: đồng ý"'],
    ]);
    expect(lines[1]).toContain('"agree",no,"",73,42,yes,"tb","1.2.0"');
    for (const { facts } of site.studies) for (const secret of [facts.patientId, facts.patientName, facts.accessionNumber]) if (secret) expect(answer.body).not.toContain(secret);
    expect((await site.auditEntries()).at(-1)).toMatchObject({ event: 'export', who: 'the-operator', object: 'feedback.csv' });
  });

  test('cells', () => {
    expect(csvLine([undefined, 1.5, true, '', '-', '  @x', 'a\u0000b'])).toBe(`,1.5,yes,"","'-","'  @x","a b"\r\n`);
  });
});

describe('saved views', () => {
  const put = (cookie: string, name: string, query = 'scope=mine&state=flagged') => ask(cookie, 'PUT', `/api/views/${encodeURIComponent(name)}`, { query });

  test('are a person\'s own, from any session of that name; any name of 60 signs', async () => {
    const name = 'Lao phổi, máy di động ế'.padEnd(60, 'ự');
    expect((await put(anna, name)).json()).toEqual({ views: [{ name, query: 'scope=mine&state=flagged', savedAtMs: site.clock.nowMs }] });
    expect((await ask(site.session('reader', 'anna'), 'GET', '/api/views')).json().views).toHaveLength(1);
    expect((await ask(binh, 'GET', '/api/views')).json()).toEqual({ views: [] });
    expect((await put(anna, name.normalize('NFD'), 'scope=read')).json()).toMatchObject({ views: [{ query: 'scope=read' }] });
    expect((await ask(binh, 'DELETE', `/api/views/${encodeURIComponent(name)}`)).statusCode).toBe(404);
    expect((await ask(anna, 'DELETE', `/api/views/${encodeURIComponent(name)}`)).json()).toEqual({ views: [] });
  });

  test('at most fifty; no empty name, none with control characters, no endless query; not from another site', async () => {
    for (let n = 0; n < 50; n += 1) expect((await put(binh, `view ${n}`)).statusCode).toBe(200);
    expect((await put(binh, 'one more')).json()).toMatchObject({ error: { code: 'views-full' } });
    expect((await put(binh, 'view 3', 'x')).statusCode).toBe(200);
    for (const wrong of ['', ' ', 'a\nb', 'x'.repeat(61)]) expect((await put(anna, wrong)).statusCode).toBeGreaterThanOrEqual(400);
    expect((await put(anna, 'long', 'x'.repeat(2_001))).statusCode).toBe(400);
    const foreign = await site.app.inject({ method: 'DELETE', url: '/api/views/view%203', headers: { host: 'localhost', cookie: binh, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } });
    expect(foreign.json()).toMatchObject({ error: { code: 'cross-site' } });
  });
});

describe('prior studies, why, turnaround', () => {
  test('a study shows the patient\'s others with flag and images; nobody else\'s', async () => {
    const now = demoStudy(DEMO_CASES[1]!, 200, site.clock.nowMs);
    const before = demoStudy({ ...DEMO_CASES[1]!, waitedMin: 60 * 24 * 300, read: true }, 201, site.clock.nowMs);
    const sameNumber = demoStudy(DEMO_CASES[0]!, 202, site.clock.nowMs);
    const id = { patientId: 'VN777' };
    const named = (one: typeof now, date: string) => ({ ...one, facts: { ...one.facts, ...id, studyDate: date }, images: one.images.map((image) => ({ ...image, header: { ...image.header, ...id } })) });
    site.add(named(now, '20261121'), named(before, '20260125'), named(sameNumber, '20260101'));
    const { priors } = await study(now.study.studyInstanceUid);
    expect(priors).toEqual([{
      studyInstanceUid: before.study.studyInstanceUid, receivedAtMs: before.study.receivedAtMs, studyDate: '20260125', description: 'Chest PA', flag: 'flagged',
      images: [{ sopInstanceUid: `${before.study.studyInstanceUid}.1`, fileKey: before.images[0]!.fileKey, hasPixels: true, viewPosition: 'PA', removed: false }],
    }]);
    expect((await study(uids[12]!)).priors).toEqual([]); // no patient at all
  });

  test('why-here is a code with facts, and English', async () => {
    const rows = (await ask(anna, 'GET', '/api/worklist')).json().rows as { studyInstanceUid: string; rank: number }[];
    const [first, second] = [rows[0]!, rows[1]!];
    expect((await ask(anna, 'GET', `/api/why?a=${second.studyInstanceUid}&b=${first.studyInstanceUid}`)).json()).toEqual({
      above: first.studyInstanceUid, below: second.studyInstanceUid, code: expect.stringMatching(/^[a-z-]+$/), stepMs: 300_000, explanation: expect.stringMatching(/\.$/),
      facts: {
        above: { rank: 1, priority: 'critical', lane: 'critical', waitingMs: expect.any(Number), capMs: 900_000, overdueMs: 0, reason: expect.objectContaining({ code: 'flagged' }), inpatient: false, patientAgeYears: 45 },
        below: expect.objectContaining({ rank: 2 }),
      },
    });
  });

  test('turnaround by class and hour; not a range of centuries', async () => {
    const technologist = site.session('technologist');
    const answer = (await ask(technologist, 'GET', '/api/turnaround')).json();
    expect(answer).toMatchObject({ toMs: site.clock.nowMs + 1, fromMs: site.clock.nowMs + 1 - 7 * 86_400_000, flag: { count: expect.any(Number) } });
    expect(answer.flag.count).toBeGreaterThan(8);
    expect(answer.byClass.map((one: { priority: string }) => one.priority)).toEqual(['critical', 'urgent', 'undetermined', 'routine']);
    expect(answer.byHour).toHaveLength(24);
    expect((await ask(technologist, 'GET', '/api/turnaround?from=0')).json()).toMatchObject({ error: { code: 'request-invalid' } });
    expect((await ask(technologist, 'GET', '/api/turnaround?from=2000&to=1000')).statusCode).toBe(400);
    expect((await ask(anna, 'GET', '/api/turnaround')).statusCode).toBe(403);
  });
});
