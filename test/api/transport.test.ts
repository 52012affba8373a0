/** How the page is reached: plain, behind a proxy that is trusted or not, with TLS of its own; and what cookies and headers then are. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { demoSite, type DemoSite, type DemoSiteOptions } from './demo-site.ts';

let site: DemoSite;
afterEach(() => site.close());

const PROXY = '10.0.0.2';
const open = async (options: DemoSiteOptions = {}) => (site = await demoSite({ allowedHosts: ['reading.hospital'], ...options }));
const trusting = { transport: { trustedProxies: ['10.0.0.0/24', '2001:db8::/32'], hstsSeconds: 86_400 } };
const forwarded = { host: '127.0.0.1:8070', 'x-forwarded-host': 'reading.hospital', 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.77' };
const signIn = (headers: Record<string, string>, remoteAddress: string) => site.app.inject({ url: `/sign-in?link=${site.auth.issueLink({ name: 'x', role: 'reader' })}`, headers, remoteAddress });
const cookieOf = (answer: { headers: Record<string, unknown> }) => String(answer.headers['set-cookie']);

describe('behind a proxy', () => {
  test('that is trusted: __Host- and Secure, HSTS, the client\'s address in the audit trail', async () => {
    await open(trusting);
    const answer = await signIn(forwarded, PROXY);
    expect(cookieOf(answer)).toMatch(/^__Host-firstread_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
    expect(answer.headers['strict-transport-security']).toBe('max-age=86400');
    expect((await site.auditEntries()).at(-1)).toMatchObject({ event: 'sign-in', from: '192.0.2.77' });

    const cookie = cookieOf(answer).split(';')[0]!;
    const list = (headers: Record<string, string>, remoteAddress = PROXY) => site.app.inject({ url: '/api/models', headers: { ...headers, cookie }, remoteAddress });
    expect((await list(forwarded)).statusCode).toBe(200);
    // The same cookie over plain http is none: nobody on the way may bring it.
    expect((await list({ host: 'reading.hospital' })).statusCode).toBe(401);
    // A cookie without the prefix (planted by a sister host, or over http) is none over https.
    expect((await site.app.inject({ url: '/api/models', headers: { ...forwarded, cookie: cookie.replace('__Host-', '') }, remoteAddress: PROXY })).statusCode).toBe(401);
  });

  test('that is trusted, by IPv6 network and through two of them', async () => {
    await open(trusting);
    expect(cookieOf(await signIn(forwarded, '2001:db8::7'))).toContain('; Secure');
    await signIn({ ...forwarded, 'x-forwarded-for': '192.0.2.77, 10.0.0.9' }, PROXY);
    expect((await site.auditEntries()).at(-1)).toMatchObject({ from: '192.0.2.77' });
  });

  test('that nobody named: nothing it says is believed', async () => {
    await open(trusting);
    const answer = await signIn({ ...forwarded, 'x-forwarded-host': 'evil.example' }, '10.0.9.9');
    expect(cookieOf(answer)).toMatch(/^firstread_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    expect(answer.headers['strict-transport-security']).toBeUndefined();
    expect((await site.auditEntries()).at(-1)).toMatchObject({ event: 'sign-in', from: '10.0.9.9' });
  });

  test('whose client lies about where it comes from: only what the proxy added counts', async () => {
    await open(trusting);
    await signIn({ ...forwarded, 'x-forwarded-for': '127.0.0.1, 192.0.2.77' }, PROXY);
    expect((await site.auditEntries()).at(-1)).toMatchObject({ from: '192.0.2.77' });
    expect((await site.app.inject({ url: '/metrics', headers: { ...forwarded, 'x-forwarded-for': '127.0.0.1' }, remoteAddress: PROXY })).statusCode).toBe(401);
  });

  test('a host that is not ours is refused there too, and so is a page that came over http', async () => {
    await open(trusting);
    expect((await site.app.inject({ url: '/', headers: { ...forwarded, 'x-forwarded-host': 'evil.example' }, remoteAddress: PROXY })).statusCode).toBe(421);
    const cookie = cookieOf(await signIn(forwarded, PROXY)).split(';')[0]!;
    const end = (origin: string) => site.app.inject({ method: 'POST', url: '/api/sign-in-links', headers: { ...forwarded, cookie, 'x-firstread': '1', origin, 'content-type': 'application/json' }, payload: '{}', remoteAddress: PROXY });
    expect((await end('http://reading.hospital')).json()).toMatchObject({ error: { code: expect.stringMatching(/cross-site|not-allowed/) } });
    const change = (origin: string) => site.app.inject({ method: 'POST', url: '/api/session/end', headers: { ...forwarded, cookie, 'x-firstread': '1', origin }, remoteAddress: PROXY });
    expect((await change('http://reading.hospital')).statusCode).toBe(403);
    expect((await change('https://reading.hospital')).statusCode).toBe(200);
  });

  test('a proxy with TLS that was not named works as before, without Secure', async () => {
    await open();
    const cookie = cookieOf(await signIn({ host: 'reading.hospital' }, PROXY)).split(';')[0]!;
    const answer = await site.app.inject({ method: 'POST', url: '/api/session/end', headers: { host: 'reading.hospital', cookie, 'x-firstread': '1', origin: 'https://reading.hospital' }, remoteAddress: PROXY });
    expect(answer.statusCode).toBe(200);
  });
});

describe('cookies', () => {
  test('always: Secure over plain http too', async () => {
    await open({ transport: { alwaysSecureCookies: true } });
    const answer = await signIn({ host: 'localhost' }, '127.0.0.1');
    expect(cookieOf(answer)).toMatch(/^__Host-firstread_session=.*; Secure$/);
    expect(answer.headers['strict-transport-security']).toBeUndefined();
  });
});

describe('TLS of its own', () => {
  test('serves the page with 1.2 or later, Secure cookies and HSTS; a plain request gets nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'firstread-tls-'));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'), '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
    const cert = readFileSync(join(folder, 'cert.pem'));
    await open({ transport: { tls: { cert, key: readFileSync(join(folder, 'key.pem')) }, hstsSeconds: 100 } });
    await site.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = site.app.server.address() as AddressInfo;
    const get = (path: string, options: object = {}) => new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
      request({ host: 'localhost', port, path, ca: cert, family: 4, ...options }, (answer) => void answer.resume().on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers }))).on('error', reject).end();
    });
    const answer = await get(`/sign-in?link=${site.auth.issueLink({ name: 'x', role: 'reader' })}`);
    expect(answer.status).toBe(200);
    expect(String(answer.headers['set-cookie'])).toMatch(/^__Host-firstread_session=.*; Secure$/);
    expect(answer.headers['strict-transport-security']).toBe('max-age=100');
    await expect(get('/', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    rmSync(folder, { recursive: true, force: true });
  });
});
