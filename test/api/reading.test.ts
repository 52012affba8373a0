/** The reading page's list from outside: scopes, filters, orders, facets; claims of two readers at once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEMO_CLAIM_MINUTES } from './demo-registry.ts';
import { demoSite, type DemoSite } from './demo-site.ts';
import { FirstreadError } from '../../src/errors.ts';
import { sweepClaims } from '../../src/hub/claim-sweep.ts';

const MINUTE_MS = 60_000;
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

const headers = (cookie: string) => ({ host: 'localhost', origin: 'http://localhost', 'x-firstread': '1', 'sec-fetch-site': 'same-origin', cookie });
const post = (cookie: string, url: string, payload?: object) => site.app.inject({ method: 'POST', url, headers: headers(cookie), ...(payload === undefined ? {} : { payload }) });
interface Row { studyInstanceUid: string; patientName: string; rank: number | null; flag: string; claim: { by: string; mine: boolean; sinceMs: number; untilMs: number } | null; [key: string]: unknown }
interface List { total: number; counts: Record<string, number>; rows: Row[] }
const list = async (query = '', cookie = anna): Promise<List> => {
  const answer = await site.app.inject({ url: `/api/worklist?${query}`, headers: headers(cookie) });
  expect(answer.statusCode).toBe(200);
  return answer.json();
};
const names = async (query: string): Promise<string[]> => (await list(query)).rows.map((row) => row.patientName.slice(0, 12));
const claim = (cookie: string, uid: string, payload?: object) => post(cookie, `/api/studies/${uid}/claim`, payload);
const rowOf = async (uid: string, cookie = anna): Promise<Row> => (await list('scope=all&limit=500', cookie)).rows.find((row) => row.studyInstanceUid === uid)!;

describe('scopes, filters, orders', () => {
  test('scopes: what is on the list, what was read, both', async () => {
    const [unread, read, all, alias] = await Promise.all(['', 'scope=read', 'scope=all', 'includeRead=true'].map((query) => list(query)));
    expect([unread!.total, read!.total, all!.total, alias!.total]).toEqual([13, 1, 14, 14]);
    expect(all!.rows.at(-1)).toMatchObject({ patientName: 'HOÀNG^ANH THƯ', rank: null, dueAtMs: null, claim: null });
    expect(unread!.counts).toEqual({ mine: 13, unread: 13, withOthers: 0, flagged: 3, 'not-flagged': 6, analysing: 1, 'not-analysed': 3 });
  });

  test('filters keep a row its place on the whole list, and go together', async () => {
    const whole = await list();
    const flagged = await list('state=flagged');
    expect(flagged.rows.map(({ flag }) => flag)).toEqual(['flagged', 'flagged', 'flagged']);
    for (const row of flagged.rows) expect(row.rank).toBe(whole.rows.findIndex((one) => one.studyInstanceUid === row.studyInstanceUid) + 1);
    expect((await list('state=analysing,not-analysed')).total).toBe(4);
    expect(await names('finding=lung%20nodule')).toEqual(['TRẦN^QUỐC BẢ']);
    expect(await names('state=flagged&device=MOBILE_2')).toEqual(['NGUYỄN^VĂN Đ']);
    expect((await list(`site=${encodeURIComponent('TTYT Huyện Củ Chi'.normalize('NFD'))}`)).rows.every((row) => row['institutionName'] === 'TTYT Huyện Củ Chi')).toBe(true);
    expect(await names(`from=${site.studies[4]!.study.receivedAtMs - 1}`)).toEqual(['ĐỖ^THỊ LAN']);
    expect(await names(`to=${site.studies[5]!.study.receivedAtMs + 1}`)).toEqual(['VÕ^HOÀNG NAM']);
    expect(await names('search=do%20lan&state=flagged')).toEqual([]);
    expect(await names('scope=all&reader=dr.linh')).toEqual(['HOÀNG^ANH TH']);
    expect(await names('site=nowhere')).toEqual([]);
  });

  test('orders: unknown last either way, rank stays what it is', async () => {
    const byName = await names('sort=name&scope=all');
    expect(byName.slice(0, 4)).toEqual(['<img src=x o', 'BÙI^THANH TÂ', 'ĐỖ^THỊ LAN', 'HOÀNG^ANH TH']);
    expect(byName.at(-1)).toBe('');
    const back = await names('sort=name&direction=desc&scope=all');
    expect(back).toEqual([...byName.slice(0, -1).reverse(), '']);
    const ages = (await list('sort=age')).rows.map((row) => (row['order'] as { patientAgeYears?: number }).patientAgeYears);
    expect(ages).toEqual([80, 71, 67, 56, 50, 45, 44, 39, 33, 31, 22, 9, undefined]);
    expect((await list('sort=age&direction=asc')).rows.at(-1)!.patientName).toBe('');
    expect((await names('sort=received'))[0]).toBe('ĐỖ^THỊ LAN');
    expect((await list('sort=received&direction=asc')).rows[0]).toMatchObject({ patientName: 'VÕ^HOÀNG NAM' });
    expect((await list('direction=desc')).rows.map(({ rank }) => rank)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  test('pages of any order do not overlap', async () => {
    for (const query of ['', 'scope=all', 'sort=name&scope=all', 'sort=age', 'state=not-flagged']) {
      const whole = (await list(`${query}&limit=500`)).rows.map((row) => row.studyInstanceUid);
      const paged: string[] = [];
      for (let offset = 0; offset < 20; offset += 3) paged.push(...(await list(`${query}&limit=3&offset=${offset}`)).rows.map((row) => row.studyInstanceUid));
      expect(paged).toEqual(whole);
    }
  });

  test('a row says when its cap is reached, where it comes from, and how long an analysis may take', async () => {
    const row = await rowOf(uids[1]!);
    expect(row).toMatchObject({ ward: 'Khoa Nội 3', callingAeTitle: 'MOBILE_2', institutionName: 'BVĐK Tân Bình', feedbackCount: 0, claim: null });
    expect(row['dueAtMs']).toBe(site.studies[1]!.study.receivedAtMs + 60 * MINUTE_MS);
    expect(row).not.toHaveProperty('estimateMs');
    expect(await rowOf(uids[4]!)).toMatchObject({ flag: 'analysing', estimateMs: 1_200, ward: '' });
  });

  test('the menus name what there is', async () => {
    const answer = await site.app.inject({ url: '/api/worklist/facets', headers: headers(anna) });
    expect(answer.json()).toEqual({ sites: ['BVĐK Tân Bình', 'TTYT Huyện Củ Chi'], devices: ['MOBILE_2', 'XR_ROOM_1'], readers: ['dr.linh'] });
  });
});

describe('claims', () => {
  test('of two who ask at once one gets it, and the other hears who', async () => {
    const uid = uids[0]!;
    const answers = await Promise.all([claim(anna, uid), claim(binh, uid), claim(anna, uid), claim(binh, uid)]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 409, 200, 409]);
    expect(answers[0]!.json()).toEqual({ claim: { by: 'anna', mine: true, sinceMs: site.clock.nowMs, untilMs: site.clock.nowMs + DEMO_CLAIM_MINUTES * MINUTE_MS } });
    expect(answers[1]!.json()).toMatchObject({ error: { code: 'claimed-by-other', claim: { by: 'anna', mine: false, sinceMs: site.clock.nowMs } } });
    expect((await rowOf(uid, binh)).claim).toMatchObject({ by: 'anna', mine: false });
    expect((await rowOf(uid, anna)).claim).toMatchObject({ by: 'anna', mine: true });
    expect((await list('scope=mine', binh)).rows.map((row) => row.studyInstanceUid)).not.toContain(uid);
    expect((await list('scope=mine', binh)).counts).toMatchObject({ mine: 12, unread: 13, withOthers: 1 });
    expect((await list('scope=mine', anna)).counts).toMatchObject({ mine: 13, withOthers: 0 });
    expect((await list('reader=anna', binh)).rows.map((row) => row.studyInstanceUid)).toEqual([uid]);
    const audited = (await site.auditEntries()).filter((one) => one['event'] === 'study-claimed');
    expect(audited.map(({ who, outcome, details }) => [who, outcome, details])).toEqual([['anna', 'done', undefined], ['binh', 'refused', { heldBy: 'anna' }], ['binh', 'refused', { heldBy: 'anna' }]]);
  });

  test('renewed it goes on, and not renewed it lapses: told on the live feed, audited', async () => {
    const uid = uids[0]!;
    const sinceMs = (await rowOf(uid)).claim!.sinceMs;
    site.clock.nowMs += 4 * MINUTE_MS;
    expect((await claim(anna, uid)).json()).toMatchObject({ claim: { sinceMs, untilMs: site.clock.nowMs + 5 * MINUTE_MS } });
    site.clock.nowMs += 4 * MINUTE_MS;
    expect((await claim(binh, uid)).statusCode).toBe(409);
    site.clock.nowMs += MINUTE_MS;
    expect((await rowOf(uid)).claim).toBeNull();
    const told: string[] = [];
    const { unsubscribe } = site.live.subscribe(undefined, (message) => void told.push(...message.studyInstanceUids));
    sweepClaims({ registry: site.registry, live: site.live, audit: site.audit, log: { write: () => {} }, now: () => site.clock.nowMs });
    await expect.poll(() => told).toEqual([uid]);
    unsubscribe();
    expect((await site.auditEntries()).at(-1)).toMatchObject({ event: 'claim-lapsed', who: 'anna', studyInstanceUid: uid });
    expect((await claim(binh, uid)).statusCode).toBe(200);
  });

  test('taken over knowingly, given back, and only by who holds it', async () => {
    const uid = uids[0]!;
    const taken = await claim(anna, uid, { takeOver: true });
    expect(taken.json()).toMatchObject({ claim: { by: 'anna', mine: true, sinceMs: site.clock.nowMs } });
    expect((await site.auditEntries()).at(-1)).toMatchObject({ event: 'study-claimed', who: 'anna', details: { takenFrom: 'binh' } });
    expect((await post(binh, `/api/studies/${uid}/release`)).json()).toMatchObject({ claim: { by: 'anna', mine: false } });
    expect((await post(anna, `/api/studies/${uid}/release`)).json()).toEqual({ claim: null });
    expect((await site.auditEntries()).at(-1)).toMatchObject({ event: 'study-released', who: 'anna' });
    expect((await post(anna, `/api/studies/${uid}/release`)).json()).toEqual({ claim: null });
  });

  test('every change of hands is said on the live feed, a renewal is not', async () => {
    const uid = uids[2]!;
    const told: string[] = [];
    await new Promise((wake) => setTimeout(wake, 60)); // what was changed before is said
    const { unsubscribe } = site.live.subscribe(undefined, (message) => void told.push(...message.studyInstanceUids));
    const pause = () => new Promise((wake) => setTimeout(wake, 60));
    for (const step of [() => claim(anna, uid), () => claim(anna, uid), () => claim(binh, uid), () => claim(binh, uid, { takeOver: true }), () => post(binh, `/api/studies/${uid}/release`)]) {
      await step();
      await pause();
    }
    expect(told).toEqual([uid, uid, uid]);
    unsubscribe();
  });

  test('reading ends it, whoever reads; what is off the list is not held', async () => {
    const uid = uids[5]!;
    await claim(anna, uid);
    expect((await post(binh, `/api/studies/${uid}/read`)).json()).toEqual({ done: true });
    expect(await rowOf(uid)).toMatchObject({ readBy: 'binh', claim: null });
    expect((await claim(anna, uid)).json()).toEqual({ claim: null });
    await post(binh, `/api/studies/${uid}/unread`);
    expect((await rowOf(uid)).claim).toBeNull();
  });

  test('a page left open renews for its reader, and not for one who has gone home', async () => {
    const uid = uids[1]!;
    const renew = () => site.app.inject({ method: 'POST', url: `/api/studies/${uid}/claim`, headers: { ...headers(anna), 'x-firstread': 'refresh' }, payload: {} });
    await claim(anna, uid);
    for (let minute = 4; minute < 15; minute += 4) {
      site.clock.nowMs += 4 * MINUTE_MS;
      expect((await renew()).json()).toMatchObject({ claim: { by: 'anna' } });
    }
    site.clock.nowMs += 4 * MINUTE_MS;
    expect((await renew()).json()).toEqual({ claim: null });
    site.clock.nowMs += MINUTE_MS;
    expect((await list('scope=mine', binh)).rows.map(({ studyInstanceUid }) => studyInstanceUid)).toContain(uid);
    // Back at the desk: whatever they do, the page's next renewal counts again.
    await list('', anna);
    expect((await renew()).json()).toMatchObject({ claim: { by: 'anna', mine: true } });
    await post(anna, `/api/studies/${uid}/release`);
  });

  test('a disk without room keeps nobody from opening a study', async () => {
    vi.spyOn(site.registry, 'claim').mockImplementationOnce(() => {
      throw new FirstreadError('storage-full');
    });
    const answer = await claim(anna, uids[1]!);
    expect([answer.statusCode, answer.json()]).toEqual([200, { claim: null }]);
  });

  test('not by a technologist, not without a session, not of a study that nobody knows', async () => {
    expect((await claim(site.session('technologist'), uids[1]!)).statusCode).toBe(403);
    expect((await site.app.inject({ method: 'POST', url: `/api/studies/${uids[1]!}/claim`, headers: headers('firstread_session=x'), payload: {} })).statusCode).toBe(401);
    expect((await claim(anna, '1.2.3')).statusCode).toBe(404);
    expect((await post(anna, '/api/studies/1.2.3/release')).statusCode).toBe(404);
    expect((await claim(anna, uids[1]!, { takeOver: 'perhaps' })).statusCode).toBe(400);
  });
});
