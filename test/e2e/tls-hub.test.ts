/** A whole hub that speaks TLS itself, with a sign-in provider that is away: it starts, the page is https only, commands on the machine go on. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { removeData, startHubProcess, type HubProcess } from './hub-process.ts';

const BIN = fileURLToPath(new URL('../../bin/firstread', import.meta.url));
const SECRET = 'never-to-be-printed-0123456789';
const folder = mkdtempSync(join(tmpdir(), 'firstread-tls-hub-'));
let hub: HubProcess | undefined;
afterAll(async () => {
  await hub?.stop();
  if (hub !== undefined) removeData(hub.data);
  rmSync(folder, { recursive: true, force: true });
});

test('https for people, a local door for commands, local sign-in while the provider is away, no secret anywhere', async () => {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'), '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { stdio: 'ignore' });
  writeFileSync(join(folder, 'secret'), SECRET);
  hub = await startHubProcess({
    settings: {
      'http-tls-certificate': join(folder, 'cert.pem'), 'http-tls-key': join(folder, 'key.pem'),
      'oidc-issuer': 'http://127.0.0.1:1', 'oidc-client-id': 'firstread', 'oidc-client-secret': `file:${join(folder, 'secret')}`, 'oidc-roles': '{"radiologists":"reader"}', 'log-level': 'debug',
    },
  });
  expect(hub.link).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/sign-in\?link=/);
  const get = (url: string, cookie = '') => new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    request(url, { ca: readFileSync(join(folder, 'cert.pem')), headers: { cookie } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, text }));
    }).on('error', reject).end();
  });

  const signedIn = await get(hub.link);
  const cookie = String(signedIn.headers['set-cookie']);
  expect(cookie).toMatch(/^__Host-firstread_session=.*; Secure$/);
  const session = await get(new URL('/api/session', hub.link).href, cookie.split(';')[0]!);
  expect(JSON.parse(session.text)).toMatchObject({ signedIn: true, role: 'admin', oidc: { name: '', available: false } });
  await expect(fetch(new URL('/', hub.link).href.replace('https:', 'http:'))).rejects.toThrow();

  // The local door: plain, on this machine only, for whoever may read hub.json.
  expect(hub.httpUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await hub.api('/api/worklist')).status).toBe(200);
  const link = spawnSync(BIN, ['sign-in', '--data', hub.data], { encoding: 'utf8' });
  expect([link.status, link.stderr]).toEqual([0, '']);
  expect((await get(link.stdout.trim())).status).toBe(200);

  const shown = spawnSync(BIN, ['config', '--data', hub.data, '--oidc-client-secret', SECRET], { encoding: 'utf8' });
  expect(shown.stdout).toMatch(/oidcClientSecret +\(set\)/);
  expect(shown.stdout + shown.stderr).not.toContain(SECRET);
}, 120_000);
