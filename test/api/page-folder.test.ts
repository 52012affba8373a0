/** The pages as they are built and served: few files, kept by the browser, compressed; never older than their sources. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPages } from '../../src/api/build-pages.ts';
import { BUILD_NOTE } from '../../src/api/page-sources.ts';
import { demoSite, type DemoSite } from './demo-site.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'firstread-pages-'));
// Their own copy of the sources, which the last test edits.
const pages = { web: join(folder, 'web/'), built: join(folder, 'built/') };
const FIRST_LOAD_BYTES_MAX = 70_000;
let site: DemoSite;

beforeAll(async () => {
  cpSync(join(ROOT, 'src/api/web'), pages.web, { recursive: true });
  await buildPages(pages.web, pages.built);
  site = await demoSite({ server: { pages } });
}, 60_000);
afterAll(async () => {
  await site.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (url: string, headers: Record<string, string> = {}) => site.app.inject({ url, headers: { host: 'localhost', ...headers } });
const filesOf = (html: string): string[] => [...new Set([...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!))];
const logged = (): string[] => site.logLines.map((line) => JSON.parse(line) as { event: string; reason?: string }).filter(({ event }) => event.startsWith('pages-')).map(({ event, reason }) => [event, reason].filter(Boolean).join(' '));

test.each(['/', '/index.html', '/?list=read', '/operations.html', '/signed-in.html'])('%s: a few hashed files that are kept for good; the page itself is asked for again', async (url) => {
  const page = await get(url);
  expect([page.statusCode, page.headers['cache-control']]).toEqual([200, 'no-cache']);
  expect((await get(url, { 'if-none-match': String(page.headers['etag']) })).statusCode).toBe(304);
  const files = filesOf(page.body);
  expect(files.filter((file) => !/^\/assets\/[\w-]+-[\w-]{8}\.(js|css)$/.test(file))).toEqual(['/icon.svg']);
  expect(files.length).toBeLessThanOrEqual(8);
  for (const file of files.filter((one) => one !== '/icon.svg')) {
    const answer = await get(file);
    expect([file, answer.statusCode, answer.headers['cache-control']]).toEqual([file, 200, 'public, max-age=31536000, immutable']);
  }
  expect((await get('/icon.svg')).headers['cache-control']).toBe('public, max-age=86400');
});

test('compressed beforehand, as the browser can take it', async () => {
  const file = filesOf((await get('/')).body).find((one) => one.includes('/index-') && one.endsWith('.js'))!;
  const plain = await get(file);
  expect(plain.headers['content-encoding']).toBeUndefined();
  const [gzip, brotli] = [await get(file, { 'accept-encoding': 'gzip, deflate' }), await get(file, { 'accept-encoding': 'gzip, deflate, br' })];
  expect([gzip.headers['content-encoding'], brotli.headers['content-encoding']]).toEqual(['gzip', 'br']);
  expect([gunzipSync(gzip.rawPayload).toString() === plain.body, brotliDecompressSync(brotli.rawPayload).toString() === plain.body]).toEqual([true, true]);
  expect(gzip.headers['content-type']).toContain('javascript');
});

test('the list weighs little: one language, no comments', async () => {
  const files = filesOf((await get('/')).body);
  const words = readdirSync(join(pages.built, 'assets')).filter((name) => /^(en|vi)-.*\.js$/.test(name));
  expect(words.length).toBe(2);
  expect(files.some((file) => words.some((name) => file.endsWith(name)))).toBe(false);
  const bytes = await Promise.all([...files, `/assets/${words.find((name) => name.startsWith('vi-'))!}`].map(async (file) => (await get(file, { 'accept-encoding': 'gzip' })).rawPayload.length));
  const total = bytes.reduce((sum, one) => sum + one, 0);
  expect(total).toBeGreaterThan(30_000);
  expect(total).toBeLessThan(FIRST_LOAD_BYTES_MAX);
});

test('nothing inline: the policy of scripts and styles lets it pass', () => {
  for (const name of readdirSync(pages.built).filter((one) => one.endsWith('.html'))) {
    expect([name, /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?:\/\//.test(readFileSync(join(pages.built, name), 'utf8'))]).toEqual([name, false]);
  }
});

test('an edited source, and a build that is not whole: the sources are served and the log says it once; put back, the build again', async () => {
  const isBuilt = async () => !(await get('/')).body.includes('src="/app.js"');
  expect([await isBuilt(), logged()]).toEqual([true, ['pages-built']]);
  const [file, note] = [join(pages.web, 'format.js'), join(pages.built, BUILD_NOTE)];
  const [before, noteBefore] = [readFileSync(file, 'utf8'), readFileSync(note, 'utf8')];
  writeFileSync(file, `${before}// edited\n`);
  expect([await isBuilt(), await isBuilt(), (await get('/operations.html')).body.includes('/operations/app.js')]).toEqual([false, false, true]);
  expect((await get('/format.js')).body).toContain('// edited');
  writeFileSync(file, before);
  expect(await isBuilt()).toBe(true);
  writeFileSync(join(pages.web, 'new.js'), '');
  expect(await isBuilt()).toBe(false);
  rmSync(join(pages.web, 'new.js'));
  expect(await isBuilt()).toBe(true);
  rmSync(note);
  expect(await isBuilt()).toBe(false);
  writeFileSync(note, noteBefore);
  expect(await isBuilt()).toBe(true);
  expect(logged()).toEqual(['pages-built', 'pages-from-sources sources-differ', 'pages-built', 'pages-from-sources sources-differ', 'pages-built', 'pages-from-sources not-built', 'pages-built']);
});

test('nothing outside the folders, and no list of them', async () => {
  for (const path of ['/assets/', `/assets/..%2f${BUILD_NOTE}`, `/assets/%2e%2e%2f${BUILD_NOTE}`, `/assets//etc/passwd`, `/${BUILD_NOTE}`]) expect([path, (await get(path)).statusCode === 200]).toEqual([path, false]);
});

test('where vite is not installed the build says so and ends well', () => {
  const bare = join(folder, 'bare');
  for (const name of ['build-pages.ts', 'compress-built.ts', 'page-sources.ts']) cpSync(join(ROOT, 'src/api', name), join(bare, 'src/api', name));
  const { status, stdout } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(bare, 'src/api/build-pages.ts')], { encoding: 'utf8' });
  expect([status, stdout, existsSync(join(bare, 'dist'))]).toEqual([0, expect.stringMatching(/not built here \(not installed: vite\)/), false]);
});
