/**
 * Signing in with a real OpenID Connect provider: a person's way over HTTP and once in a browser, who gets in and who
 * does not, what a wicked page, another browser or a wicked provider can do, and that a session ends when it ends there.
 */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOidc } from '../../src/api/oidc.ts';
import { createOidcSessions } from '../../src/api/oidc-sessions.ts';
import { demoSite, type DemoSite, type DemoSiteOptions } from '../api/demo-site.ts';
import { needPeer } from '../peers/need-peer.ts';
import { CLIENT, httpBrowser, startOidcPeer, throughProvider, type OidcPeer } from './oidc-peer.ts';
import { eventually, openBrowser, openPage } from './page-browser.ts';
import { freePort } from '../peers/ports.ts';

const hasChromium = needPeer('chromium');
let peer: OidcPeer;
let site: DemoSite;
let base: string;
let browser: Browser | undefined;

interface Setup {
  readonly groupsInIdToken?: boolean;
  readonly peerStartsAway?: boolean;
  readonly site?: DemoSiteOptions;
}

async function setUp({ groupsInIdToken = true, peerStartsAway = false, site: siteOptions = {} }: Setup = {}) {
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  peer = await startOidcPeer([`${base}/sign-in/oidc/callback`], { groupsInIdToken });
  peer.away = peerStartsAway;
  for (const [name, groups] of [['linh', ['radiologists', 'everybody']], ['tuan', ['xray']], ['boss', ['xray', 'it']], ['visitor', ['everybody']]] as const) peer.people.set(name, { groups });
  site = await demoSite({
    realClock: true,
    ...siteOptions,
    oidc: ({ auth, accounts, audit, now }) => {
      const provider = createOidc({
        issuer: peer.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret, scopes: ['openid', 'profile', 'groups'], roleClaim: 'groups',
        roles: { radiologists: 'reader', xray: 'technologist', it: 'admin' }, name: 'hospital account', now, limits: { retryEveryMs: 100, requestTimeoutMs: 2_000 },
      });
      return { provider, sessions: createOidcSessions({ oidc: provider, auth, accounts, audit, now, checkEveryMs: 0, limits: { lookEveryMs: 50 }, onTrouble: (error) => { throw error; } }) };
    },
  });
  await site.app.listen({ port, host: '127.0.0.1' });
}

beforeEach(() => setUp());
afterEach(async () => {
  await site.close();
  await peer.close();
});
afterAll(() => browser?.close());

const person = () => httpBrowser();
type Person = ReturnType<typeof person>;
const signIn = async (who: Person, login: string, to = '') => who.go(await throughProvider(who, `${base}/sign-in/oidc${to}`, login));
const session = async (who: Person) => JSON.parse((await who.go(`${base}/api/session`)).text) as { signedIn: boolean; name?: string; role?: string; permissions: string[] };
const refusals = async () => (await site.auditEntries()).filter((one) => one['event'] === 'sign-in-refused').map((one) => one['details']);
const until = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 30_000 });

describe('who gets in', () => {
  test('a reader, by their group; the request carries PKCE, state and nonce; the cookie is like any other', async () => {
    const linh = person();
    const back = await signIn(linh, 'linh');
    expect(back.status).toBe(200);
    expect(back.text).toContain('content="0;url=/"');
    expect(back.setCookies.find((one) => one.startsWith('firstread_session='))).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    expect(await session(linh)).toMatchObject({ signedIn: true, name: 'linh', role: 'reader', hasPassword: false });
    expect((await linh.go(`${base}/api/worklist`)).status).toBe(200);
    const [asked] = peer.asked;
    expect(Object.fromEntries(asked!)).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', scope: 'openid profile groups', redirect_uri: `${base}/sign-in/oidc/callback` });
    expect([asked!.get('state')!.length, asked!.get('nonce')!.length, asked!.get('code_challenge')!.length].every((length) => length >= 43)).toBe(true);
    expect((await site.auditEntries()).find((one) => one['event'] === 'sign-in')).toMatchObject({ who: 'linh', from: '127.0.0.1', outcome: 'done', details: { by: 'oidc', role: 'reader' } });
  });

  test('several groups: the first of admin, reader, operator, technologist', async () => {
    const boss = person();
    await signIn(boss, 'boss');
    expect(await session(boss)).toMatchObject({ role: 'admin' });
    const tuan = person();
    await signIn(tuan, 'tuan');
    expect(await session(tuan)).toMatchObject({ role: 'technologist' });
  });

  test('groups that are only in userinfo are found there', async () => {
    await site.close();
    await peer.close();
    await setUp({ groupsInIdToken: false });
    const linh = person();
    await signIn(linh, 'linh');
    expect(await session(linh)).toMatchObject({ signedIn: true, role: 'reader' });
  });

  test('no group that has a role: refused, and never a default role', async () => {
    const visitor = person();
    const back = await signIn(visitor, 'visitor');
    expect([back.status, /url=([^"]*)/.exec(back.text)?.[1]]).toEqual([403, '/?refused=oidc-no-role']);
    expect(back.setCookies.some((one) => one.startsWith('firstread_session='))).toBe(false);
    expect(await session(visitor)).toMatchObject({ signedIn: false });
    expect(site.accounts.user('visitor')).toBeUndefined();
    expect(await refusals()).toEqual([{ code: 'oidc-no-role', why: 'no group', by: 'oidc' }]);
  });

  test('an account that takes a local user\'s name does not become that user, nor does a second account of one name', async () => {
    await site.close();
    await peer.close();
    await setUp();
    site.accounts.saveUser({ name: 'linh', role: 'admin', passwordHash: 'scrypt$local' });
    expect((await signIn(person(), 'linh')).text).toContain('refused=oidc-name-taken');
    await signIn(person(), 'tuan');
    peer.people.set('impostor', { groups: ['it'], preferred_username: 'tuan' });
    expect((await signIn(person(), 'impostor')).text).toContain('refused=oidc-name-taken');
    // The same account under a new name stays who it was.
    peer.people.set('tuan', { groups: ['xray'], preferred_username: 'tuan.tran' });
    const tuan = person();
    await signIn(tuan, 'tuan');
    expect(await session(tuan)).toMatchObject({ name: 'tuan', role: 'technologist' });
  });

  test('a user disabled here stays out, whatever the provider says; a running session ends at once', async () => {
    const linh = person();
    await signIn(linh, 'linh');
    site.accounts.saveUser({ ...site.accounts.user('linh')!, disabled: true });
    expect((await linh.go(`${base}/api/worklist`)).status).toBe(401);
    expect((await signIn(person(), 'linh')).text).toContain('refused=oidc-no-role');
  });

  test('such a user has no password: none signs in with their name', async () => {
    await signIn(person(), 'linh');
    await expect(site.auth.signIn('linh', '', 'a')).rejects.toMatchObject({ code: 'credentials-wrong' });
    await expect(site.auth.signIn('linh', 'undefined', 'a')).rejects.toMatchObject({ code: 'credentials-wrong' });
  });
});

describe('attacks', () => {
  const refusedWith = async (back: { status: number; text: string; setCookies: readonly string[] }, why: string | RegExp) => {
    expect([back.status, /url=([^"]*)/.exec(back.text)?.[1]]).toEqual([401, '/?refused=oidc-refused']);
    expect(back.setCookies.some((one) => one.startsWith('firstread_session='))).toBe(false);
    expect((await refusals()).at(-1)).toMatchObject({ code: 'oidc-refused', why: expect.stringMatching(why) });
  };

  test('an answer with a state that nobody asked for, or with none', async () => {
    const linh = person();
    const callback = new URL(await throughProvider(linh, `${base}/sign-in/oidc`, 'linh'));
    callback.searchParams.set('state', 'x'.repeat(43));
    await refusedWith(await linh.go(callback.href), 'state');
    callback.searchParams.delete('state');
    await refusedWith(await linh.go(callback.href), 'state');
  });

  test('my answer opened in your browser signs you in as nobody, and leaves mine good (login CSRF)', async () => {
    const attacker = person();
    const callback = await throughProvider(attacker, `${base}/sign-in/oidc`, 'tuan');
    const victim = person();
    await refusedWith(await victim.go(callback), 'state');
    await victim.go(`${base}/sign-in/oidc`);
    await refusedWith(await victim.go(callback), 'state');
    expect((await attacker.go(callback)).status).toBe(200);
  });

  test('an answer used twice; its code with a fresh state', async () => {
    const linh = person();
    const callback = await throughProvider(linh, `${base}/sign-in/oidc`, 'linh');
    expect((await linh.go(callback)).status).toBe(200);
    await refusedWith(await linh.go(callback), 'state');
    const again = new URL(await throughProvider(linh, `${base}/sign-in/oidc`, 'linh'));
    again.searchParams.set('code', new URL(callback).searchParams.get('code')!);
    await refusedWith(await linh.go(again.href), 'invalid_grant');
  });

  test('a code that was asked for with another verifier', async () => {
    const attacker = person();
    const stolen = new URL(await throughProvider(attacker, `${base}/sign-in/oidc`, 'linh')).searchParams.get('code')!;
    const thief = person();
    const own = new URL(await throughProvider(thief, `${base}/sign-in/oidc`, 'tuan'));
    own.searchParams.set('code', stolen);
    await refusedWith(await thief.go(own.href), 'invalid_grant');
  });

  test.each<[string, NonNullable<OidcPeer['wicked']>, string | RegExp]>([
    ['a wrong nonce', (claims) => ({ claims: { ...claims, nonce: 'n'.repeat(43) } }), 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['no nonce', ({ nonce: _nonce, ...claims }) => ({ claims }), /OAUTH/],
    ['another audience', (claims) => ({ claims: { ...claims, aud: 'some-other-client' } }), 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['two audiences, and not for us', (claims) => ({ claims: { ...claims, aud: [CLIENT.id, 'other'], azp: 'other' } }), /OAUTH/],
    ['another issuer', (claims) => ({ claims: { ...claims, iss: 'https://elsewhere.example' } }), /OAUTH/],
    ['an end in the past', (claims) => ({ claims: { ...claims, exp: 1_000 } }), /OAUTH/],
    ['another\'s signature', () => ({ foreignKey: true }), /OAUTH/],
    ['no signature', () => ({ unsigned: true }), /OAUTH/],
  ])('an ID token with %s', async (_what, wicked, why) => {
    peer.wicked = wicked;
    const linh = person();
    await refusedWith(await signIn(linh, 'linh'), why);
    expect(await session(linh)).toMatchObject({ signedIn: false });
  });

  test('the same path without a twist is the good one', async () => {
    peer.wicked = (claims) => ({ claims });
    const linh = person();
    expect((await signIn(linh, 'linh')).status).toBe(200);
    expect(await session(linh)).toMatchObject({ signedIn: true });
  });

  test.each(['//evil.example', 'https://evil.example', '/\\evil.example', '/%2f/evil.example', 'javascript:alert(1)', '/x.html"><script>', '/?a=<b>', '/../evil', '/operations.html\nx'])('no way to be sent on to %j', async (to) => {
    const answer = await person().go(`${base}/sign-in/oidc?to=${encodeURIComponent(to)}`);
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });

  test('a page of ours with its place is where it goes on', async () => {
    const back = await signIn(person(), 'linh', `?to=${encodeURIComponent('/operations.html?a=1&b=2#devices')}`);
    expect(back.text).toContain('content="0;url=/operations.html?a=1&amp;b=2#devices"');
  });

  test('a person who says no at the provider', async () => {
    const linh = person();
    const begun = await linh.go(`${base}/sign-in/oidc`);
    const state = new URL(begun.location!).searchParams.get('state')!;
    await refusedWith(await linh.go(`${base}/sign-in/oidc/callback?error=access_denied&state=${state}&iss=${encodeURIComponent(peer.issuer)}`), 'access_denied');
  });

  test('one address cannot push out another\'s sign-in', async () => {
    const linh = person();
    const callback = await throughProvider(linh, `${base}/sign-in/oidc`, 'linh');
    for (let i = 0; i < 60; i += 1) await site.app.inject({ url: '/sign-in/oidc', headers: { host: 'localhost' }, remoteAddress: '10.6.6.6' });
    expect((await linh.go(callback)).status).toBe(200);
  });
});

describe('as long as it holds', () => {
  test('ended at the provider: ended here; a role taken away is gone', async () => {
    const [linh, tuan] = [person(), person()];
    await signIn(linh, 'linh');
    await signIn(tuan, 'tuan');
    peer.people.set('tuan', { groups: ['radiologists'] });
    await until(async () => (await session(tuan)).role).toBe('reader');
    peer.people.set('tuan', { groups: ['everybody'] });
    await until(async () => (await session(tuan)).signedIn).toBe(false);
    expect((await session(linh)).signedIn).toBe(true);
    peer.people.delete('linh');
    await until(async () => (await session(linh)).signedIn).toBe(false);
    expect((await site.auditEntries()).filter((one) => one['event'] === 'user-saved').map((one) => one['details'])).toEqual([{ name: 'linh', role: 'reader', subject: 'linh' }, { name: 'tuan', role: 'technologist', subject: 'tuan' }, { name: 'tuan', role: 'reader', subject: 'tuan' }]);
    expect((await site.auditEntries()).filter((one) => one['event'] === 'session-ended').map((one) => one['who'])).toEqual(['tuan', 'linh']);
  });

  test('a provider that takes neither yes nor no from us puts nobody out, and the next person is asked about all the same', async () => {
    const [linh, tuan] = [person(), person()];
    await signIn(linh, 'linh');
    await signIn(tuan, 'tuan');
    peer.unclearFor = 'linh';
    peer.people.delete('tuan');
    await until(async () => (await session(tuan)).signedIn).toBe(false);
    expect((await session(linh)).signedIn).toBe(true);
  });

  test('a provider that goes away ends nobody\'s session, and local sign-in goes on', async () => {
    const linh = person();
    await signIn(linh, 'linh');
    peer.away = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await session(linh)).signedIn).toBe(true);
    const other = person();
    const begun = await other.go(`${base}/sign-in/oidc`);
    expect(begun.location).toContain(peer.issuer); // its address is known: the browser will see for itself
    const link = site.auth.issueLink({ name: 'local', role: 'admin' });
    expect((await other.go(`${base}/sign-in?link=${link}`)).status).toBe(200);
  });

  test('a provider that was away at the start is found when it comes', async () => {
    await site.close();
    await peer.close();
    await setUp({ peerStartsAway: true });
    const linh = person();
    expect(await session(linh)).toMatchObject({ signedIn: false, oidc: { name: 'hospital account', available: false } });
    const begun = await linh.go(`${base}/sign-in/oidc`);
    expect([begun.status, /url=([^"]*)/.exec(begun.text)?.[1]]).toEqual([503, '/?refused=oidc-unavailable']);
    peer.away = false;
    await until(() => session(linh)).toMatchObject({ oidc: { available: true } });
    expect((await signIn(linh, 'linh')).status).toBe(200);
  });

  test('signing out ends it there too', async () => {
    const linh = person();
    await signIn(linh, 'linh');
    const answer = await fetch(`${base}/api/session/end`, { method: 'POST', headers: { 'x-firstread': '1', cookie: `firstread_session=${linh.cookies(new URL(base).host).get('firstread_session')}` } });
    const next = new URL(((await answer.json()) as { next: string }).next);
    expect([next.origin, next.pathname, next.searchParams.get('post_logout_redirect_uri'), next.searchParams.get('id_token_hint')?.split('.').length]).toEqual([peer.issuer, '/session/end', `${base}/`, 3]);
    expect((await session(linh)).signedIn).toBe(false);
    const there = await linh.go(next.href);
    expect([there.status, there.text]).toEqual([200, expect.stringContaining('logout')]);
  });

  test('a local session\'s sign-out leads nowhere else', async () => {
    const cookie = site.session('reader');
    const answer = await fetch(`${base}/api/session/end`, { method: 'POST', headers: { 'x-firstread': '1', cookie } });
    expect(await answer.json()).toEqual({ done: true });
  });
});

describe.skipIf(!hasChromium)('in a browser', { timeout: 240_000 }, () => {
  test('button, provider, list; a session that ends goes on by way of the provider; sign-out is there too', async () => {
    browser = await openBrowser();
    const { page, complaints } = await openPage(browser);
    await page.goto(base);
    await page.locator('a.oidc', { hasText: 'hospital account' }).click();
    await page.waitForURL(/\/interaction\//);
    await page.locator('input[name=login]').fill('linh');
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
    await page.locator('button[type=submit]').click(); // consent
    await page.waitForSelector('tr.row');
    expect(new URL(page.url()).origin).toBe(base);

    site.accounts.removeSessionsOf('linh');
    const asked = page.waitForResponse((response) => response.url().includes('/api/worklist?') && response.status() === 200);
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"); // the page asks again
    await page.waitForSelector('dialog.sign-in-again[open]');
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.locator('dialog.sign-in-again a.oidc').click()]);
    // The provider knows them still: the window comes back by itself.
    await eventually(() => page.locator('dialog.sign-in-again').count()).toBe(0);
    await asked;
    await eventually(() => popup.isClosed() || new URL(popup.url()).pathname === '/signed-in.html').toBe(true);

    await page.locator('button.out').click();
    await page.waitForURL((url) => url.origin === peer.issuer);
    await page.locator('button[name=logout]').click();
    await page.waitForSelector('a.oidc');
    expect(page.url()).toBe(`${base}/`);
    expect(complaints.filter((one) => /security policy|trusted type/i.test(one))).toEqual([]);
  });
});
