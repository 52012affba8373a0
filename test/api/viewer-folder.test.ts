/** The viewer's built files: served where there are some; where not, the page says so. And the build's own leave-taking. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Fastify from 'fastify';
import { afterAll, expect, test } from 'vitest';
import { serveViewer } from '../../src/api/viewer-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'firstread-viewer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('not built: the page that says how to', async () => {
  const app = Fastify();
  await serveViewer(app, join(folder, 'nowhere'));
  const { statusCode, headers } = await app.inject('/viewer/?study=1.2.3');
  expect([statusCode, headers.location]).toEqual([302, '/viewer-not-built.html']);
  expect(readFileSync(join(ROOT, 'src/api/web/viewer-not-built.html'), 'utf8')).toContain('npm run build:viewer');
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts['build:viewer']).toBeDefined();
});

test('built: the page is asked again each time, its hashed parts are kept; nothing outside the folder', async () => {
  mkdirSync(join(folder, 'built', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'built', 'index.html'), '<p>viewer</p>');
  writeFileSync(join(folder, 'built', 'assets', 'index-abc.js'), 'x');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  const app = Fastify();
  await serveViewer(app, join(folder, 'built'));
  const page = await app.inject('/viewer/');
  expect([page.statusCode, page.headers['cache-control'], page.body]).toEqual([200, 'no-cache', '<p>viewer</p>']);
  expect((await app.inject('/viewer/assets/index-abc.js')).headers['cache-control']).toContain('immutable');
  for (const path of ['/viewer/../secret.txt', '/viewer/%2e%2e/secret.txt', '/viewer/assets/']) expect((await app.inject(path)).statusCode).not.toBe(200);
});

test('where vite or Cornerstone3D are not installed the build says so and ends well', () => {
  const bare = join(folder, 'bare');
  cpSync(join(ROOT, 'src/api/viewer'), join(bare, 'src/api/viewer'), { recursive: true });
  cpSync(join(ROOT, 'src/api/compress-built.ts'), join(bare, 'src/api/compress-built.ts'));
  const { status, stdout } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(bare, 'src/api/viewer/build.ts')], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, expect.stringMatching(/not built here \(not installed: vite, @cornerstonejs\/core/)]);
});
