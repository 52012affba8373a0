/** The operations API: who may, what it says, what it does, and that all of it is audited. The hub's own port behind it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { demoSite, type DemoSite } from './demo-site.ts';

let site: DemoSite;
beforeEach(async () => {
  site = await demoSite();
});
afterEach(() => site.close());

type Who = 'reader' | 'technologist' | 'operator' | 'admin';
const HOST = { host: 'localhost:8070' };
const get = async (who: Who, url: string) => site.app.inject({ url, headers: { ...HOST, cookie: site.session(who) } });
const post = async (who: Who, url: string, payload: object = {}) => site.app.inject({ method: 'POST', url, payload, headers: { ...HOST, cookie: site.session(who), 'x-firstread': '1' } });
const audited = async (event: string) => (await site.auditEntries()).filter((entry) => entry['event'] === event);
const SHA = 'a1'.repeat(32);

test('who may', async () => {
  const questions: [Who, 'GET' | 'POST', string, number][] = [
    ['reader', 'GET', '/api/operations/devices', 403], ['technologist', 'GET', '/api/operations/devices', 200],
    ['reader', 'GET', '/api/operations/set-aside', 403], ['technologist', 'GET', '/api/operations/set-aside', 200],
    ['technologist', 'GET', '/api/operations/models', 403], ['operator', 'GET', '/api/operations/models', 200],
    ['technologist', 'GET', '/api/operations/system', 403], ['operator', 'GET', '/api/operations/system', 200],
    ['technologist', 'GET', `/api/operations/models/${SHA}/card`, 403], ['operator', 'GET', `/api/operations/models/${SHA}/card`, 200],
    ['technologist', 'POST', '/api/operations/models/switch', 403], ['reader', 'POST', '/api/operations/models/switch', 403],
    ['technologist', 'POST', '/api/operations/deliveries/drop', 403], ['technologist', 'POST', '/api/operations/set-aside/1.2.3/dismiss', 403],
    ['reader', 'POST', '/api/operations/set-aside/1.2.3/retry', 403], ['technologist', 'POST', '/api/operations/set-aside/1.2.3/retry', 404],
  ];
  for (const [who, method, url, status] of questions) {
    const body = url.endsWith('switch') ? { family: 'tuberculosis', on: false, reason: 'a test' } : url.endsWith('drop') ? { id: '1', reason: 'a test' } : url.endsWith('dismiss') ? { reason: 'a test' } : undefined;
    expect([who, method, url, (await (method === 'GET' ? get(who, url) : post(who, url, body))).statusCode]).toEqual([who, method, url, status]);
  }
});

describe('devices', () => {
  test('what to enter on a device; what was refused, as codes', async () => {
    const { sender, devices } = (await get('technologist', '/api/operations/devices')).json();
    expect(sender).toEqual({ aeTitle: 'FIRSTREAD', addresses: ['10.0.0.2'], port: 11112, tls: 'off', anyDevice: false, anyCalledAeTitle: false });
    expect(devices.map((one: { callingAeTitle: string }) => one.callingAeTitle)).toContain('XR_ROOM_1');
    const { refusals } = (await get('technologist', '/api/operations/refusals')).json();
    expect(refusals[0]).toMatchObject({ code: 'calling-ae-unknown', callingAeTitle: 'XR_ROOM_3', attemptCount: 14 });
  });

  test('"today" is the page’s: midnight where it is read', async () => {
    const all = (await get('operator', '/api/operations/devices?since=0')).json().devices;
    const none = (await get('operator', `/api/operations/devices?since=${site.clock.nowMs + 1}`)).json().devices;
    const total = (rows: { recentInstanceCount: number }[]) => rows.reduce((sum, { recentInstanceCount }) => sum + recentInstanceCount, 0);
    expect(total(all)).toBe(14);
    expect(total(none)).toBe(0);
    expect((await get('operator', '/api/operations/devices?since=yesterday')).statusCode).toBe(400);
  });
});

interface DeliveriesAnswer {
  destinations: { name: string; state: string; pendingCount: number; failedCount: number; sentCount: number; problem?: { code: string } }[];
  deliveries: { id: string; destination: string; state: string; errorCode?: string; error?: string; studyInstanceUid: string }[];
}
const deliveries = async (query = ''): Promise<DeliveriesAnswer> => (await get('operator', `/api/operations/deliveries${query}`)).json();

describe('deliveries', () => {
  test('destinations with what waits and why, one that was removed too', async () => {
    const { destinations, deliveries: failed } = await deliveries();
    expect(destinations).toMatchObject([
      { name: 'pacs', state: 'idle', failedCount: 1, pendingCount: 0, sentCount: 7 },
      { name: 'archive', state: 'resting', pendingCount: 8, problem: { code: 'peer-unreachable' } },
      { name: 'old-archive', kind: 'removed', state: 'removed', failedCount: 3 },
    ] as object[]);
    expect(new Set(failed.map(({ state }) => state))).toEqual(new Set(['failed']));
    expect(failed.find(({ destination }) => destination === 'pacs')).toMatchObject({ errorCode: 'status-0122H' });
    expect((await deliveries('?state=sent&destination=pacs')).deliveries).toHaveLength(7);
    expect((await get('operator', '/api/operations/deliveries?state=lost')).statusCode).toBe(400);
  });

  test('one is tried again at once, and its destination is woken even while it rests', async () => {
    const [one] = (await deliveries('?destination=pacs')).deliveries;
    expect((await post('operator', '/api/operations/deliveries/retry', { id: one!.id })).json()).toEqual({ count: 1 });
    expect(site.registry.delivery(Number(one!.id))).toMatchObject({ state: 'pending', nextAttemptAtMs: site.clock.nowMs });
    expect(site.operations.wakes).toEqual(['pacs']);
    expect(await audited('delivery-retried')).toMatchObject([{ who: 'the-operator', outcome: 'done', details: { deliveryId: one!.id, count: 1 } }]);
    // Nobody sends to one that is not in the settings.
    for (const destination of ['nowhere', 'old-archive']) expect((await post('operator', '/api/operations/deliveries/retry', { destination })).statusCode).toBe(404);
    expect(site.registry.deliveriesIn('failed', 10, 0, 'old-archive')).toHaveLength(3);
  });

  test('everything of a destination is dropped with a reason; the study is not called delivered for it', async () => {
    const { deliveries: before } = await deliveries('?destination=old-archive');
    const uid = before[0]!.studyInstanceUid;
    expect((await post('operator', '/api/operations/deliveries/drop', { destination: 'old-archive' })).statusCode).toBe(400);
    expect((await post('operator', '/api/operations/deliveries/drop', { destination: 'old-archive', reason: '   ' })).statusCode).toBe(400);
    expect((await post('operator', '/api/operations/deliveries/drop', { destination: 'old-archive', id: '1', reason: 'both at once' })).statusCode).toBe(400);
    expect((await post('operator', '/api/operations/deliveries/drop', { destination: 'old-archive', reason: 'taken out of service' })).json()).toEqual({ count: 3 });
    expect((await deliveries()).destinations.map(({ name }) => name)).toEqual(['pacs', 'archive']);
    const dropped = (await deliveries('?state=dropped')).deliveries;
    expect(dropped).toHaveLength(3);
    expect(dropped[0]).toMatchObject({ errorCode: 'dropped', error: 'dropped by the-operator: taken out of service' });
    expect(await audited('delivery-dropped')).toMatchObject([{ who: 'the-operator', outcome: 'done', details: { destination: 'old-archive', count: 3, reason: 'taken out of service' } }]);
    expect(site.registry.deliveriesOf(uid).some(({ destination, state }) => destination === 'archive' && state === 'pending')).toBe(true);
    // Nothing left to drop: said, and audited as refused.
    expect((await post('operator', '/api/operations/deliveries/drop', { destination: 'old-archive', reason: 'once more' })).statusCode).toBe(404);
    expect((await audited('delivery-dropped')).at(-1)).toMatchObject({ outcome: 'refused' });
  });
});

describe('set aside', () => {
  const list = async () => (await get('technologist', '/api/operations/set-aside')).json();

  test('what, why, from where; the look is audited once', async () => {
    const cookie = site.session('technologist');
    const look = () => site.app.inject({ url: '/api/operations/set-aside', headers: { ...HOST, cookie } });
    await look();
    const { total, studies } = (await look()).json();
    expect(total).toBe(1);
    expect(studies[0]).toMatchObject({ patientName: 'PHẠM^MINH TUẤN', reason: { code: 'pixels-damaged' }, canRetry: true, flagged: false, images: [{ status: 'unreadable', callingAeTitle: 'XR_ROOM_1' }] });
    expect((await audited('worklist-viewed')).filter(({ details }) => (details as { list?: string } | undefined)?.list === 'set-aside')).toHaveLength(1);
  });

  test('analysed again: pending, off this list, audited; a second time there is nothing to try', async () => {
    const uid = (await list()).studies[0].studyInstanceUid;
    expect((await post('technologist', `/api/operations/set-aside/${uid}/retry`)).json()).toEqual({ count: 1 });
    expect(site.registry.study(uid)).toMatchObject({ state: 'analysing', instances: [{ status: 'pending' }] });
    expect((await list()).total).toBe(0);
    expect((await post('technologist', `/api/operations/set-aside/${uid}/retry`)).statusCode).toBe(409);
    expect(await audited('quarantine-retried')).toMatchObject([{ who: 'the-technologist', studyInstanceUid: uid, outcome: 'done' }, { outcome: 'refused' }]);
  });

  test('dismissed with a reason: off this list, still on the worklist, the reason in the journal', async () => {
    const uid = (await list()).studies[0].studyInstanceUid;
    expect((await post('operator', `/api/operations/set-aside/${uid}/dismiss`, { reason: 'x' })).statusCode).toBe(400);
    expect((await post('operator', `/api/operations/set-aside/${uid}/dismiss`, { reason: 'film taken again' })).json()).toEqual({ done: true });
    expect((await list()).total).toBe(0);
    expect(site.registry.row(uid, site.clock.nowMs)?.rank).toBeGreaterThan(0);
    expect(site.registry.events(uid).at(-1)?.event).toEqual({ kind: 'acknowledged', by: 'the-operator', reason: 'film taken again' });
    expect(await audited('quarantine-dismissed')).toMatchObject([{ who: 'the-operator', studyInstanceUid: uid, details: { reason: 'film taken again' } }]);
    expect((await post('operator', `/api/operations/set-aside/${uid}/dismiss`, { reason: 'once more' })).statusCode).toBe(409);
  });
});

describe('models', () => {
  test('files with thresholds and where they come from; those in shadow for admins only', async () => {
    const { models, families } = (await get('operator', '/api/operations/models')).json();
    expect(models.map(({ name }: { name: string }) => name)).toEqual(['tuberculosis', 'nodule', 'lung-field']);
    expect(models[0]).toMatchObject({ status: 'interim', ready: true, hasCard: true, families: [{ family: 'tuberculosis', threshold: 42, on: true, siteThreshold: { manifestThreshold: 56.8, groups: [{ group: { en: 'F, 15–34 years', vi: 'nữ, 15–34 tuổi' }, threshold: 38.5 }] } }] });
    expect(models[2]).toMatchObject({ task: 'lung-field', hasCard: false, families: [] });
    expect(JSON.stringify(models)).not.toContain('/tmp');
    expect(families).toMatchObject([{ family: 'tuberculosis', on: true, switches: [] }, { family: 'lung nodule', on: true }]);
    const forAdmin = (await get('admin', '/api/operations/models')).json().models;
    expect(forAdmin.map(({ name, shadow }: { name: string; shadow: boolean }) => [name, shadow])).toContainEqual(['nodule-next', true]);
  });

  test('the card as text, its picture as a picture that can do nothing; no other file', async () => {
    const card = async (query: string) => (await get('operator', `/api/operations/models/${SHA}/card${query}`)).json();
    expect(await card('')).toEqual({ markdown: expect.stringContaining('# tuberculosis 1.2.0'), language: 'en' });
    expect(await card('?lang=vi')).toEqual({ markdown: expect.stringContaining('Không phải thiết bị y tế'), language: 'vi' });
    expect((await get('operator', `/api/operations/models/${SHA}/card?lang=fr`)).statusCode).toBe(400);
    const picture = await get('operator', `/api/operations/models/${SHA}/pictures/roc.svg`);
    expect([picture.statusCode, picture.headers['content-type'], picture.headers['content-security-policy']]).toEqual([200, 'image/svg+xml', "default-src 'none'; style-src 'unsafe-inline'; sandbox"]);
    for (const name of ['card.md', 'model.json', '..%2froc.svg', '%2e%2e', 'missing.png', 'roc.svg%00.png', '.svg']) {
      expect([name, [400, 404].includes((await get('operator', `/api/operations/models/${SHA}/pictures/${name}`)).statusCode)]).toEqual([name, true]);
    }
    expect((await get('operator', `/api/operations/models/${'d4'.repeat(32)}/card`)).statusCode).toBe(404);
    expect((await get('operator', `/api/operations/models/${'ee'.repeat(32)}/card`)).statusCode).toBe(404);
  });

  test('switched off: every reader is told on the worklist, the feed says so, and it is audited; back on again', async () => {
    const told: boolean[] = [];
    site.live.subscribe(undefined, ({ all }) => told.push(all));
    expect((await get('reader', '/api/worklist')).json().notices).toEqual([]);
    expect((await post('operator', '/api/operations/models/switch', { family: 'tuberculosis', on: false })).statusCode).toBe(400);
    expect((await post('operator', '/api/operations/models/switch', { family: 'pneumonia', on: false, reason: 'a test' })).statusCode).toBe(400);
    const reason = 'flags everything since the new detector';
    expect((await post('operator', '/api/operations/models/switch', { family: 'tuberculosis', on: false, reason })).json()).toEqual({ done: true });
    expect((await get('reader', '/api/worklist')).json().notices).toEqual([{ kind: 'family-off', family: 'tuberculosis', on: false, atMs: site.clock.nowMs, by: 'the-operator', reason }]);
    expect(told).toContain(true);
    expect((await post('operator', '/api/operations/models/switch', { family: 'tuberculosis', on: false, reason: 'again' })).statusCode).toBe(409);
    expect((await get('operator', '/api/operations/models')).json().families[0]).toMatchObject({ on: false, switches: [{ on: false, by: 'the-operator', reason }] });
    await post('admin', '/api/operations/models/switch', { family: 'tuberculosis', on: true, reason: 'calibrated on site' });
    expect((await get('reader', '/api/worklist')).json().notices).toEqual([]);
    expect((await audited('family-switched')).map(({ who, outcome, details }) => [who, outcome, (details as { on: boolean }).on])).toEqual([['the-operator', 'done', false], ['the-operator', 'refused', false], ['the-admin', 'done', true]]);
  });
});

test('the machine: checks, disk and its rate, queue, workers, audit trail', async () => {
  site.readiness.add('disk', () => ({ ok: true }));
  site.readiness.add('audit', () => ({ ok: false, reason: 'the audit trail cannot be written' }), { required: false });
  const system = (await get('operator', '/api/operations/system')).json();
  expect(system).toMatchObject({
    ready: true,
    checks: [{ name: 'disk', ok: true }, { name: 'audit', ok: false, required: false, reason: 'the audit trail cannot be written' }],
    disk: { freeBytes: 311e9, totalBytes: 500e9, floorBytes: 10e9 },
    queue: { kind: 'embedded', healthy: true, waiting: 3, active: 2, delayed: 0 },
    workers: { wanted: 1, rows: [{ pid: 4711, ready: true, models: ['tuberculosis 1.2.0', 'nodule 0.9.1'], answeredCount: 36, imagesPerMinute: 36 }] },
    audit: { healthy: true },
    retention: { days: 30 },
  });
  // 14 images of 5 MiB this morning: less than a day is counted as one.
  expect(system.disk.bytesPerDay).toBe(14 * 5_242_880);
  expect(system.audit.entryCount).toBeGreaterThan(0);
});
