/** The API from outside: who gets in, what is refused and audited, and what the answers hold. Table "No one in". */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SECURITY_HEADERS } from '../../src/api/request-guard.ts';
import { demoSite, type DemoSite } from './demo-site.ts';

let site: DemoSite;
let uid: string;
let fileKey: string;
beforeAll(async () => {
  site = await demoSite();
  uid = site.studies[1]!.study.studyInstanceUid;
  fileKey = site.studies[1]!.images[0]!.fileKey;
});
afterAll(() => site.close());
beforeEach(() => void (site.clock.nowMs += 60_000)); // a new minute: the same refusal is written again

const page = { 'x-firstread': '1', host: 'localhost:8070', origin: 'http://localhost:8070', 'sec-fetch-site': 'same-origin' };
type Call = { method?: 'GET' | 'POST' | 'PUT' | 'HEAD' | 'DELETE' | 'OPTIONS'; headers?: Record<string, string>; payload?: string | Buffer | object };
const ask = (url: string, { method = 'GET', headers = {}, payload }: Call = {}) =>
  site.app.inject({ method, url, headers: { host: 'localhost:8070', ...headers }, ...(payload === undefined ? {} : { payload }) });
const codeOf = (answer: { json: () => unknown }) => (answer.json() as { error: { code: string } }).error.code;
const lastAudit = async () => (await site.auditEntries()).at(-1)!;

describe('without a session', () => {
  const protectedRoutes: [Call['method'], string][] = [
    ['GET', '/api/worklist'], ['GET', '/api/studies/1.2.3'], ['POST', '/api/studies/1.2.3/read'], ['POST', '/api/studies/1.2.3/unread'], ['POST', '/api/studies/1.2.3/close'],
    ['POST', '/api/studies/1.2.3/prioritise'], ['POST', '/api/studies/1.2.3/acknowledge'], ['GET', '/api/why?a=1&b=2'], ['GET', '/api/live'],
    ['GET', `/api/instances/${'a'.repeat(64)}/preview`], ['GET', '/api/reports/1.2.3'], ['GET', '/api/operations/refusals'], ['GET', '/api/operations/devices'], ['GET', '/api/operations/deliveries'], ['GET', '/api/models'],
    ['GET', `/internal/instances/${'a'.repeat(64)}`], ['PUT', `/internal/previews/${'a'.repeat(64)}`], ['POST', '/api/sign-in-links'],
  ];
  test.each(protectedRoutes)('%s %s is refused', async (method, url) => {
    const answer = await ask(url, { method: method!, headers: page });
    expect([answer.statusCode, codeOf(answer)]).toEqual([401, 'not-signed-in']);
    expect(answer.headers).toMatchObject(SECURITY_HEADERS);
  });

  test('refusals are audited, and a flood of the same is one line with a number', async () => {
    for (let i = 0; i < 20; i += 1) await ask('/api/worklist');
    site.clock.nowMs += 60_000;
    await ask('/api/worklist');
    const mine = (await site.auditEntries()).filter((one) => (one['details'] as { route?: string } | undefined)?.route === '/api/worklist');
    expect(mine.at(-1)).toMatchObject({ event: 'request-refused', outcome: 'refused', details: { code: 'not-signed-in', count: 20 } });
  });

  test.each(['', 'x', 'A'.repeat(43), '../../etc/passwd'])('a made-up cookie %j opens nothing', async (value) => {
    expect((await ask('/api/worklist', { headers: { cookie: `firstread_session=${value}` } })).statusCode).toBe(401);
  });

  test('two session cookies count as none: one was planted', async () => {
    const good = site.session('reader');
    expect((await ask('/api/worklist', { headers: { cookie: good } })).statusCode).toBe(200);
    expect((await ask('/api/worklist', { headers: { cookie: `firstread_session=${'B'.repeat(43)}; ${good}` } })).statusCode).toBe(401);
  });

  test('health, readiness, the page and its description are open; readiness tells why not', async () => {
    expect((await ask('/healthz')).body).toBe('ok\n');
    const report = site.readiness.addReported('worker');
    expect((await ask('/readyz')).statusCode).toBe(503);
    expect((await ask('/readyz')).json()).toEqual({ ready: false, checks: [{ name: 'worker', ok: false, required: true, reason: 'not started yet' }] });
    report({ ok: true });
    expect((await ask('/readyz')).statusCode).toBe(200);
    const index = await ask('/');
    expect(index.statusCode).toBe(200);
    expect(index.headers['content-security-policy']).toContain("default-src 'none'");
    expect((await ask('/app.js')).headers['content-type']).toContain('javascript');
  });
});

describe('roles', () => {
  test.each<['reader' | 'technologist' | 'operator' | 'admin', Call['method'], string, number]>([
    ['reader', 'GET', '/api/worklist', 200], ['reader', 'GET', '/api/operations/refusals', 403], ['reader', 'GET', '/api/models', 200], ['operator', 'GET', '/api/operations/refusals', 200],
    ['operator', 'GET', '/api/operations/devices', 200], ['operator', 'GET', '/api/operations/deliveries', 200], ['operator', 'POST', '/api/studies/1.2.3/read', 403], ['operator', 'POST', '/api/sign-in-links', 403],
    ['admin', 'GET', `/internal/instances/${'a'.repeat(64)}`, 403], ['technologist', 'GET', '/api/operations/refusals', 200], ['technologist', 'GET', '/api/operations/devices', 200],
    ['technologist', 'GET', '/api/operations/deliveries', 403], ['technologist', 'POST', '/api/studies/1.2.3/read', 403], ['technologist', 'POST', '/api/sign-in-links', 403],
  ])('%s %s %s → %i', async (role, method, url, status) => {
    const answer = await ask(url, { method: method!, headers: { ...page, cookie: site.session(role) } });
    expect(answer.statusCode).toBe(status);
    if (status === 403) {
      expect(codeOf(answer)).toBe('not-allowed');
      expect(await lastAudit()).toMatchObject({ event: 'request-refused', who: `the-${role}`, details: { code: 'not-allowed' } });
    }
  });

  test('a worker\'s token opens pixels and nothing else', async () => {
    const authorization = `Bearer ${site.auth.issueToken({ name: 'w1', role: 'worker' })}`;
    const pixels = await ask(`/internal/instances/${fileKey}`, { headers: { authorization } });
    expect([pixels.statusCode, pixels.body]).toEqual([200, 'part10 bytes']);
    expect((await ask('/api/worklist', { headers: { authorization } })).statusCode).toBe(403);
    expect((await ask(`/internal/instances/${'0'.repeat(64)}`, { headers: { authorization } })).statusCode).toBe(404);
    expect((await ask(`/internal/instances/${'..%2f'.repeat(12)}aaaa`, { headers: { authorization } })).statusCode).toBe(400);

    const put = (payload: Buffer, type = 'image/jpeg') => ask(`/internal/previews/${fileKey}`, { method: 'PUT', headers: { authorization, 'content-type': type }, payload });
    expect((await put(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1]))).statusCode).toBe(200);
    expect(site.files.previews.get(fileKey)).toHaveLength(5);
    expect((await put(Buffer.from('<html><script>'))).statusCode).toBe(415);
    expect((await put(Buffer.from('x'), 'text/html')).statusCode).toBe(415);
    expect((await put(Buffer.alloc(2 * 1024 * 1024 + 1, 0xff))).statusCode).toBe(413);
    site.files.previews.clear();
  });
});

describe('cross-site requests', () => {
  const url = () => `/api/studies/${uid}/acknowledge`;
  test.each<[string, Record<string, string | undefined>]>([
    ['without the page\'s header', { 'x-firstread': undefined }],
    ['from another origin', { origin: 'http://evil.example' }],
    ['from another port', { origin: 'http://localhost:9999' }],
    ['from an opaque origin', { origin: 'null' }],
    ['that the browser says is cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['that the browser says is from a sister domain', { 'sec-fetch-site': 'same-site' }],
  ])('%s is refused and audited', async (_what, change) => {
    const headers = Object.fromEntries(Object.entries({ ...page, ...change, cookie: site.session('reader') }).filter((one): one is [string, string] => one[1] !== undefined));
    const answer = await ask(url(), { method: 'POST', headers });
    expect([answer.statusCode, codeOf(answer)]).toEqual([403, 'cross-site']);
    expect(await lastAudit()).toMatchObject({ event: 'request-refused', who: 'the-reader', details: { code: 'cross-site' } });
  });

  test('signing somebody in or out from elsewhere is refused too', async () => {
    for (const path of ['/api/session', '/api/session/end']) {
      expect((await ask(path, { method: 'POST', headers: { ...page, origin: 'http://evil.example' }, payload: { name: 'a', password: 'b' } })).statusCode).toBe(403);
    }
  });

  test('no answer opens the API to other origins', async () => {
    const answer = await ask('/api/worklist', { headers: { origin: 'http://evil.example', cookie: site.session('reader') } });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin');
    expect((await ask('/api/worklist', { method: 'OPTIONS', headers: { origin: 'http://evil.example' } })).statusCode).toBe(404);
  });

  test('a token is not sent by browsers unasked: it needs no such header', async () => {
    const authorization = `Bearer ${site.auth.issueToken({ name: 'script', role: 'reader' })}`;
    expect((await ask(`/api/studies/${uid}/prioritise`, { method: 'POST', headers: { authorization }, payload: { stat: true } })).statusCode).toBe(200);
  });
});

describe('host name', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.5', 'localhost:8070@evil', 'user@localhost', 'localhost:port', '127.0.0.1, evil.example'])('%j is not ours', async (host) => {
    const answer = await ask('/healthz', { headers: { host } });
    expect([answer.statusCode, codeOf(answer)]).toEqual([421, 'host-not-allowed']);
  });
  test.each(['localhost', 'LOCALHOST:1', '127.0.0.1:8070', '[::1]:8070', 'localhost.'])('%s is', async (host) => expect((await ask('/healthz', { headers: { host } })).statusCode).toBe(200));

  test('a rebound name gets no page either', async () => {
    expect((await ask('/', { headers: { host: 'rebound.example' } })).statusCode).toBe(421);
    expect(await lastAudit()).toMatchObject({ event: 'request-refused', details: { code: 'host-not-allowed' } });
  });
});

describe('one-time link', () => {
  test('sets a cookie that scripts and other sites do not get; the second use is refused', async () => {
    const link = site.auth.issueLink({ name: 'local', role: 'admin' });
    expect((await ask(`/sign-in?link=${link}`, { headers: { 'sec-purpose': 'prefetch' } })).statusCode).toBe(401);
    expect((await ask(`/sign-in?link=${link}`, { method: 'HEAD' })).statusCode).toBe(404);
    const first = await ask(`/sign-in?link=${link}`);
    expect(first.statusCode).toBe(200);
    expect(first.headers['set-cookie']).toMatch(/^firstread_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    expect(first.body).not.toContain(link);
    const cookie = String(first.headers['set-cookie']).split(';')[0]!;
    expect((await ask('/api/session', { headers: { cookie } })).json()).toMatchObject({ signedIn: true, name: 'local', role: 'admin' });

    const second = await ask(`/sign-in?link=${link}`);
    expect(second.statusCode).toBe(401);
    expect(second.headers['set-cookie']).toBeUndefined();
    expect(second.body).toContain('refused=link-invalid');

    const out = await ask('/api/session/end', { method: 'POST', headers: { ...page, cookie } });
    expect(out.headers['set-cookie']).toContain('Max-Age=0');
    expect((await ask('/api/worklist', { headers: { cookie } })).statusCode).toBe(401);
    expect((await ask('/api/session', { headers: { cookie } })).json()).toMatchObject({ signedIn: false, permissions: [] });
  });

  test('one that lost its end is refused in words, not as JSON', async () => {
    const answer = await ask('/sign-in?link=cut-off');
    expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([401, undefined]);
    expect(answer.body).toContain('refused=link-invalid');
  });

  test('a browser that asked for a page gets one in its language, with the way back; a program gets JSON', async () => {
    const asPage = { 'sec-fetch-dest': 'document', cookie: site.session('reader') };
    const answer = await ask('/api/reports/1.2.3/page', { headers: { ...asPage, 'accept-language': 'vi-VN,vi;q=0.9' } });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(answer.body).toContain('<html lang="vi">');
    expect(answer.body).toMatch(/Không có ở đây.*lang="en">.*\(not-found\).*Về danh sách đọc/);
    expect((await ask('/nowhere"><script>', { headers: asPage })).body).not.toContain('script');
    expect((await ask('/api/worklist', { headers: { 'sec-fetch-dest': 'document' } })).body).toMatch(/lang="en".*Sign in first/);
    expect((await ask('/api/reports/1.2.3/page', { headers: { cookie: asPage.cookie } })).json().error.code).toBe('not-found');
  });

  test('an admin can make another', async () => {
    const made = await ask('/api/sign-in-links', { method: 'POST', headers: { ...page, cookie: site.session('admin') }, payload: { name: 'mai', role: 'reader' } });
    expect((await ask((made.json() as { path: string }).path)).statusCode).toBe(200);
  });
});

describe('bad requests', () => {
  const signed = () => ({ ...page, cookie: site.session('reader') });
  test.each<[string, string, Call]>([
    ['a UID that is none', '/api/studies/%3Cscript%3E', {}], ['a UID of 65 signs', `/api/studies/${'1'.repeat(65)}`, {}], ['a limit of 501', '/api/worklist?limit=501', {}],
    ['a negative offset', '/api/worklist?offset=-1', {}], ['an unknown parameter', '/api/worklist?order=name', {}], ['an order that there is not', '/api/worklist?sort=size', {}], ['a state that there is not', '/api/worklist?state=flagged,normal', {}], ['a search of 201 signs', `/api/worklist?search=${'a'.repeat(201)}`, {}],
    ['broken JSON', '/api/studies/1.2/close', { method: 'POST', payload: '{"reason": ', headers: { 'content-type': 'application/json' } }],
    ['a body of another shape', '/api/studies/1.2/close', { method: 'POST', payload: { reason: 'a good one', extra: 1 } }],
    ['__proto__ in a body', '/api/studies/1.2/close', { method: 'POST', payload: '{"reason":"abc","__proto__":{"x":1}}', headers: { 'content-type': 'application/json' } }],
  ])('%s → 400, without an echo', async (_what, url, call) => {
    const answer = await ask(url, { ...call, headers: { ...signed(), ...call.headers } });
    expect([answer.statusCode, codeOf(answer)]).toEqual([400, 'request-invalid']);
    expect(answer.body).not.toContain('script');
  });

  test('a huge body is refused, and audited', async () => {
    const answer = await ask(`/api/studies/${uid}/close`, { method: 'POST', headers: { ...signed(), 'content-type': 'application/json' }, payload: `{"reason":"${'x'.repeat(70_000)}"}` });
    expect([answer.statusCode, codeOf(answer)]).toEqual([413, 'request-too-large']);
    expect(await lastAudit()).toMatchObject({ event: 'request-refused', details: { code: 'request-too-large' } });
  });

  test('somebody else\'s or an invented study is not there, and the try is audited', async () => {
    for (const url of ['/api/studies/9.9.9', `/api/instances/${'9'.repeat(64)}/preview`, '/api/reports/9.9.9', `/api/why?a=${uid}&b=9.9.9`]) {
      expect((await ask(url, { headers: signed() })).statusCode).toBe(404);
    }
    expect((await site.auditEntries()).filter((one) => (one['details'] as { code?: string } | undefined)?.code === 'not-found').length).toBeGreaterThanOrEqual(3);
    expect((await ask('/api/studies/9.9.9/read', { method: 'POST', headers: signed() })).statusCode).toBe(404);
  });

  test.each(['/../../package.json', '/%2e%2e/server.ts', '/..%2fserver.ts', '/.git/config', '/server.ts', '//etc/passwd', '/nothing'])('%s is no page', async (url) => {
    const answer = await ask(url);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toMatch(/import|firstread"/);
  });

  test('what breaks inside is not told outside, and the log has the request\'s number without a message', async () => {
    const broken = await demoSite();
    Object.defineProperty(broken.registry, 'worklist', { value: () => { throw new Error('SELECT * FROM patients WHERE name = NGUYEN'); } });
    const answer = await broken.app.inject({ url: '/api/worklist', headers: { host: 'localhost', cookie: broken.session('reader') } });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual({ error: { code: 'internal', message: expect.any(String), requestId: answer.headers['x-request-id'] } });
    expect(answer.body + broken.logLines.join('')).not.toContain('NGUYEN');
    expect(broken.logLines.some((line) => line.includes('"api-error"') && line.includes(String(answer.headers['x-request-id'])))).toBe(true);
    await broken.close();
  });
});

describe('worklist', () => {
  const signed = () => ({ ...page, cookie: site.session('reader') });
  const rows = async (query = '') => ((await ask(`/api/worklist${query}`, { headers: signed() })).json() as { total: number; rows: Record<string, unknown>[] });

  test('ranked, with the four flags, without what the row does not need', async () => {
    const { total, rows: list } = await rows();
    expect(total).toBe(13);
    expect(list.map((row) => row['rank'])).toEqual(list.map((_row, at) => at + 1));
    expect(new Set(list.map((row) => row['flag']))).toEqual(new Set(['flagged', 'not-flagged', 'analysing', 'not-analysed']));
    expect(list[0]).toMatchObject({ flag: 'flagged', priority: 'critical', order: { stat: true }, reason: { code: 'flagged' } });
    expect(JSON.stringify(list)).not.toMatch(/"region"|"boxes"|"heatmap"|"profile"/);
    expect(JSON.stringify(list).toLowerCase()).not.toMatch(/\bnormal\b/);
  });

  test('pages, finds without accents, and shows what was read when asked', async () => {
    expect((await rows('?limit=2&offset=3')).rows.map((row) => row['rank'])).toEqual([4, 5]);
    expect((await rows('?search=nguyen%20van%20duc')).rows).toHaveLength(1);
    expect((await rows('?search=thi%20lan')).rows).toHaveLength(1);
    const all = await rows('?includeRead=true');
    expect(all.rows.at(-1)).toMatchObject({ rank: null, readBy: 'dr.linh' });
  });

  test('looking at the list is audited once in a while, looking at a patient each time', async () => {
    const cookie = site.session('reader');
    const before = (await site.auditEntries()).length;
    for (let i = 0; i < 3; i += 1) await ask('/api/worklist', { headers: { cookie, 'x-firstread': 'refresh' } });
    for (let i = 0; i < 2; i += 1) await ask(`/api/studies/${uid}`, { headers: { cookie } });
    await ask(`/api/instances/${fileKey}/preview`, { headers: { cookie } });
    await ask(`/api/reports/${uid}.77`, { headers: { cookie } });
    const events = (await site.auditEntries()).slice(before).map((one) => [one['event'], one['studyInstanceUid']]);
    expect(events.filter(([event]) => event !== 'link-issued' && event !== 'sign-in')).toEqual([
      ['worklist-viewed', undefined], ['patient-viewed', uid], ['patient-viewed', uid], ['picture-viewed', uid], ['report-viewed', uid],
    ]);
  });

  test('detail, picture and report', async () => {
    const detail = (await ask(`/api/studies/${uid}`, { headers: signed() })).json() as Record<string, unknown[]>;
    expect(detail).toMatchObject({ row: { studyInstanceUid: uid }, assessment: { findings: [{ score: 73, model: { sha256: 'a1'.repeat(32) } }, { score: 21 }] } });
    expect(detail['images']![0]).toMatchObject({ fileKey, columns: 2400, rows: 2800, findings: [{ region: [expect.any(Array)] }, { boxes: [expect.any(Object), expect.any(Object)] }] });
    const picture = await ask(`/api/instances/${fileKey}/preview`, { headers: signed() });
    expect(picture.headers).toMatchObject({ 'content-type': 'image/jpeg', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    const report = await ask(`/api/reports/${uid}.77`, { headers: signed() });
    expect(report.headers).toMatchObject({ 'content-type': 'application/dicom', 'content-disposition': `attachment; filename="${uid}.77.dcm"` });
  });

  test('reading, putting back, STAT, closing: done, audited, and said on the live feed', async () => {
    const target = site.studies[5]!.study.studyInstanceUid;
    const told: string[] = [];
    const { unsubscribe } = site.live.subscribe(undefined, (message) => void told.push(...message.studyInstanceUids));
    const post = (verb: string, payload?: object) => ask(`/api/studies/${target}/${verb}`, { method: 'POST', headers: signed(), ...(payload ? { payload } : {}) });
    for (const [verb, payload, event] of [['read', undefined, 'study-read'], ['unread', undefined, 'study-unread'], ['prioritise', { stat: true }, 'study-prioritised'], ['close', { reason: 'double order' }, 'study-closed']] as const) {
      expect((await post(verb, payload)).json()).toEqual({ done: true });
      expect(await lastAudit()).toMatchObject({ event, who: 'the-reader', outcome: 'done', studyInstanceUid: target });
    }
    expect((await rows()).rows.some((row) => row['studyInstanceUid'] === target)).toBe(false);
    expect((await post('acknowledge')).statusCode).toBe(409);
    await new Promise((wake) => setTimeout(wake, 60));
    expect(told).toContain(target);
    unsubscribe();
  });

  test('why one stands above another', async () => {
    const [first, second] = (await rows()).rows.map((row) => String(row['studyInstanceUid']));
    const answer = await ask(`/api/why?a=${second}&b=${first}`, { headers: signed() });
    expect(answer.json()).toMatchObject({ above: first, below: second, explanation: expect.stringMatching(/\.$/) });
  });
});

describe('metrics', () => {
  test('on this machine without a token, elsewhere only with an operator\'s', async () => {
    const from = (remoteAddress: string, headers: Record<string, string> = {}) => site.app.inject({ url: '/metrics', remoteAddress, headers: { host: 'localhost', ...headers } });
    const here = await from('127.0.0.1');
    expect(here.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(here.body).toContain('firstread_http_requests_total{route="/api/worklist",method="GET",status="200"}');
    expect(here.body).not.toContain(uid);
    expect((await from('10.0.0.9')).statusCode).toBe(401);
    expect((await from('127.0.0.1', { 'x-forwarded-for': '10.0.0.9' })).statusCode).toBe(401);
    expect((await from('10.0.0.9', { authorization: `Bearer ${site.auth.issueToken({ name: 'prometheus', role: 'operator' })}` })).statusCode).toBe(200);
    expect((await from('10.0.0.9', { authorization: `Bearer ${site.auth.issueToken({ name: 'r', role: 'reader' })}` })).statusCode).toBe(403);
  });
});

test('after all of this: the audit chain holds, and no log line names a patient', () => {
  expect(site.verifyAudit()).toMatchObject({ intact: true });
  const log = site.logLines.join('');
  expect(log.length).toBeGreaterThan(1_000);
  for (const { facts } of site.studies) {
    if (facts.patientId) expect(log).not.toContain(facts.patientId);
    if (facts.patientName) expect(log).not.toContain(facts.patientName.split('^')[0]!);
    expect(log).not.toContain(facts.accessionNumber);
  }
  expect(log).not.toContain(uid);
});
