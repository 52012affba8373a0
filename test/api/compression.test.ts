/** Texts travel gzipped where they may, and as they are where they may not. */
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoSite, type DemoSite } from './demo-site.ts';

let site: DemoSite;
let cookie: string;

beforeAll(async () => {
  site = await demoSite();
  cookie = site.session('reader');
});
afterAll(() => site.close());

const get = (url: string, headers: Record<string, string> = {}) => site.app.inject({ url, headers: { host: 'localhost', cookie, ...headers } });
const GZIP = { 'accept-encoding': 'gzip, deflate, br' };

test.each(['/app.js', '/style.css', '/', '/api/worklist'])('%s: gzipped on request, the same text', async (url) => {
  const [plain, packed] = [await get(url), await get(url, GZIP)];
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', 'vary': 'accept-encoding' });
  expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 1.5);
  const unpacked = gunzipSync(packed.rawPayload).toString();
  if (url === '/api/worklist') expect((JSON.parse(unpacked) as { rows: unknown[] }).rows.length).toBe(13);
  else expect(unpacked).toBe(plain.payload);
});

test('asked again, a file that has not changed is not sent again', async () => {
  const first = await get('/app.js', GZIP);
  const again = await get('/app.js', { ...GZIP, 'if-none-match': String(first.headers['etag']) });
  expect([again.statusCode, again.rawPayload.length]).toEqual([304, 0]);
});

test('a picture and a part of a file travel as they are', async () => {
  const picture = await get(`/api/instances/${site.studies[0]!.images[0]!.fileKey}/preview`, GZIP);
  expect([picture.statusCode, picture.headers['content-encoding']]).toEqual([200, undefined]);
  const part = await get('/app.js', { ...GZIP, range: 'bytes=0-9' });
  expect([part.statusCode, part.headers['content-encoding'], part.rawPayload.length]).toEqual([206, undefined, 10]);
});
