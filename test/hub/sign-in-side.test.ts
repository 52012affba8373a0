/** Settings of TLS and of the sign-in provider that will not do stop the start with a sentence that names them; secrets are never in it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuth } from '../../src/api/auth.ts';
import { loadConfig } from '../../src/config/config.ts';
import { followCertificate, openOidc, transportOf } from '../../src/hub/sign-in-side.ts';
import { SILENT_LOG } from '../../src/ops/log.ts';
import { memoryAccounts } from '../api/demo-site.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'firstread-side-'));
  for (const name of ['a', 'b']) {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`), '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' });
  }
  writeFileSync(join(folder, 'secret'), '  from a file \n');
  writeFileSync(join(folder, 'empty'), '\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = (flags: Record<string, string>) => loadConfig({ data: folder, ...flags }, {}).config;
const SSO = { 'oidc-issuer': 'http://127.0.0.1:1', 'oidc-client-id': 'firstread', 'oidc-roles': '{"radiologists":"reader"}' };
const provider = (flags: Record<string, string>) => {
  const audit = { record: () => undefined } as never;
  const accounts = memoryAccounts();
  return openOidc({ config: config({ ...SSO, ...flags }), auth: createAuth({ accounts, audit, now: Date.now }), accounts, audit, log: SILENT_LOG, now: Date.now });
};
const message = (work: () => unknown): string => {
  try {
    work();
    return 'done';
  } catch (error) {
    expect((error as { code: string }).code).toBe('config-invalid');
    return (error as Error).message;
  }
};

describe('TLS of the page', () => {
  test('certificate and key are read; without them there is none', () => {
    expect(transportOf(config({ 'http-tls-certificate': join(folder, 'a.pem'), 'http-tls-key': join(folder, 'a.key') })).tls?.cert.toString()).toContain('BEGIN CERTIFICATE');
    expect(transportOf(config({ 'trusted-proxies': '10.0.0.2,10.1.0.0/16', 'hsts-days': '1' }))).toEqual({ tls: undefined, trustedProxies: ['10.0.0.2', '10.1.0.0/16'], alwaysSecureCookies: false, hstsSeconds: 86_400 });
  });
  test.each<[string, Record<string, string>, RegExp]>([
    ['one without the other', { 'http-tls-key': 'x.key' }, /belong together/],
    ['a file that is not there', { 'http-tls-certificate': '/nonexistent.pem', 'http-tls-key': '/nonexistent.key' }, /httpTlsCertificate: \/nonexistent\.pem cannot be read/],
  ])('%s', (_what, flags, expected) => expect(message(() => transportOf(config(flags)))).toMatch(expected));
  test('a key that belongs to another certificate', () => {
    expect(message(() => transportOf(config({ 'http-tls-certificate': join(folder, 'a.pem'), 'http-tls-key': join(folder, 'b.key') })))).toMatch(/do not make a TLS server/);
  });
});

describe('a renewed certificate', () => {
  test('is taken up; one that does not fit its key is said once, and the one before goes on', async () => {
    const [certificate, key] = [join(folder, 'in-use.pem'), join(folder, 'in-use.key')];
    const put = (cert: string, of: string) => (copyFileSync(join(folder, `${cert}.pem`), certificate), copyFileSync(join(folder, `${of}.key`), key));
    put('a', 'a');
    const [used, logged]: [string[], string[]] = [[], []];
    const server = { setSecureContext: ({ cert }: { cert?: unknown }) => void used.push(String(cert)) };
    const log = { write: (event: string) => void logged.push(event) } as never;
    const stop = followCertificate(config({ 'http-tls-certificate': certificate, 'http-tls-key': key }), server, log, 5);
    const until = (look: () => unknown) => expect.poll(look, { timeout: 5_000 });
    put('b', 'a');
    await until(() => logged).toEqual(['certificate-unusable']);
    expect(used).toEqual([]);
    put('b', 'b');
    await until(() => logged).toEqual(['certificate-unusable', 'certificate-renewed']);
    expect(used).toEqual([readFileSync(join(folder, 'b.pem'), 'utf8')]);
    stop();
  });
});

describe('the sign-in provider', () => {
  test('none without an issuer; one that is away is no reason not to start', () => {
    expect(provider({ 'oidc-issuer': '' })).toBeUndefined();
    const one = provider({ 'oidc-client-secret': `file:${join(folder, 'secret')}` })!;
    expect(one.provider.available()).toBe(false);
    one.sessions.close();
  });
  test.each<[string, Record<string, string>, RegExp]>([
    ['no client', { 'oidc-client-id': '' }, /needs oidcClientId/],
    ['no roles', { 'oidc-roles': '{}' }, /needs oidcRoles/],
    ['no openid', { 'oidc-scopes': 'profile' }, /needs openid/],
    ['a secret\'s file that is not there', { 'oidc-client-secret': 'file:/nonexistent' }, /oidcClientSecret: \/nonexistent cannot be read/],
    ['a secret\'s file that is empty', { 'oidc-client-secret': `file:${''}` }, /cannot be read/],
    ['a role that is none', { 'oidc-roles': '{"x":"superuser"}' }, /"x" has no such role/],
    ['a group that would be a worker', { 'oidc-roles': '{"x":"worker"}' }, /has no such role/],
    ['a list of roles', { 'oidc-roles': '["reader"]' }, /no object/],
    ['an issuer over plain http elsewhere', { 'oidc-issuer': 'http://sso.example' }, /https:\/\/ address/],
  ])('%s', (_what, flags, expected) => expect(message(() => provider(flags))).toMatch(expected));
  test('an empty file is no secret', () => expect(message(() => provider({ 'oidc-client-secret': `file:${join(folder, 'empty')}` }))).toMatch(/holds no secret/));
});
