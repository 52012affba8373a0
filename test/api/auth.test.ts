/** Signing in, staying in, being kept out: links, passwords, lock-out, sessions, tokens, and where the API may listen. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAttempts } from '../../src/api/attempts.ts';
import { createAuth, hashSecret, type Auth } from '../../src/api/auth.ts';
import { isLoopback, mayListen } from '../../src/api/may-listen.ts';
import { addUser, hashPassword, passwordProblem, verifyPassword } from '../../src/api/passwords.ts';
import { FirstreadError } from '../../src/errors.ts';
import type { Audit } from '../../src/ops/audit.ts';
import type { AuditFacts } from '../../src/ops/audit-chain.ts';
import { memoryAccounts } from './demo-site.ts';

const HOUR_MS = 3_600_000;
const CHEAP = { N: 1024, r: 8, p: 1 };
let nowMs: number;
let facts: AuditFacts[];
let accounts: ReturnType<typeof memoryAccounts>;
let auth: Auth;
const audit = { record: (one: AuditFacts) => void facts.push(one) } as unknown as Audit;

beforeEach(async () => {
  nowMs = 1_000_000;
  facts = [];
  accounts = memoryAccounts();
  accounts.saveUser({ name: 'linh', role: 'reader', passwordHash: await hashPassword('trời mưa to quá', CHEAP) });
  auth = createAuth({ accounts, audit, now: () => nowMs });
});
afterEach(() => void accounts.sessions.clear());

const code = (work: () => unknown): string => {
  try {
    work();
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('one-time link', () => {
  test('works once', () => {
    const link = auth.issueLink({ name: 'first', role: 'admin' });
    const cookie = auth.redeemLink(link, '127.0.0.1');
    expect(auth.callerOfCookie(cookie, 'active')).toMatchObject({ name: 'first', role: 'admin', by: 'cookie' });
    expect(code(() => auth.redeemLink(link, '127.0.0.1'))).toBe('link-invalid');
    expect(facts.map((one) => one.event)).toEqual(['link-issued', 'sign-in', 'sign-in-refused']);
  });

  test('expires', () => {
    const link = auth.issueLink({ name: 'first', role: 'admin' });
    nowMs += 15 * 60_000;
    expect(code(() => auth.redeemLink(link, '127.0.0.1'))).toBe('link-invalid');
  });

  test('made out to a user it signs in that user: their role, not a better one, and not when disabled', () => {
    const cookie = auth.redeemLink(auth.issueLink({ name: 'linh', role: 'admin' }), 'a');
    expect(auth.callerOfCookie(cookie, 'active')).toMatchObject({ name: 'linh', role: 'reader', hasPassword: false });
    accounts.saveUser({ ...accounts.user('linh')!, disabled: true });
    expect(auth.callerOfCookie(cookie, 'active')).toBeUndefined();
    expect(code(() => auth.redeemLink(auth.issueLink({ name: 'linh', role: 'admin' }), 'a'))).toBe('link-invalid');
  });

  test('a disk without room puts nobody out who is signed in', () => {
    const cookie = auth.redeemLink(auth.issueLink({ name: 'linh', role: 'reader' }), 'a');
    nowMs += 5 * 60_000;
    const { saveSession } = accounts;
    accounts.saveSession = () => { throw new FirstreadError('storage-full'); };
    expect(auth.callerOfCookie(cookie, 'active')).toMatchObject({ name: 'linh', usedAtMs: nowMs });
    accounts.saveSession = saveSession;
  });

  test('guessing locks the guesser, not the one who has a true link', () => {
    const link = auth.issueLink({ name: 'first', role: 'admin' });
    const outcomes = Array.from({ length: 7 }, () => code(() => auth.redeemLink('guess', '10.0.0.1')));
    expect(outcomes.at(-1)).toBe('too-many-attempts');
    expect(code(() => auth.redeemLink(link, '10.0.0.1'))).toBe('done');
    expect(facts.some((one) => one.event === 'locked-out')).toBe(true);
  });
});

describe('password', () => {
  test('right, wrong, unknown, disabled', async () => {
    expect(auth.callerOfCookie(await auth.signIn('linh', 'trời mưa to quá', 'a'), 'active')).toMatchObject({ name: 'linh', role: 'reader' });
    await expect(auth.signIn('linh', 'wrong', 'a')).rejects.toMatchObject({ code: 'credentials-wrong' });
    await expect(auth.signIn('nobody', 'wrong', 'a')).rejects.toMatchObject({ code: 'credentials-wrong' });
    accounts.saveUser({ ...accounts.user('linh')!, disabled: true });
    await expect(auth.signIn('linh', 'trời mưa to quá', 'a')).rejects.toMatchObject({ code: 'credentials-wrong' });
  });

  test('the same password in another Unicode form is the same password', async () => {
    await expect(auth.signIn('linh', 'trời mưa to quá'.normalize('NFD'), 'a')).resolves.toBeTypeOf('string');
  });

  test('brute force locks name and address; the lock ends, and doubles when it goes on', async () => {
    for (let i = 0; i < 6; i += 1) await auth.signIn('linh', `guess ${i}`, '10.0.0.1').catch(() => undefined);
    await expect(auth.signIn('linh', 'trời mưa to quá', '10.0.0.1')).rejects.toMatchObject({ code: 'too-many-attempts' });
    nowMs += 15_000;
    await expect(auth.signIn('linh', 'trời mưa to quá', '10.0.0.1')).resolves.toBeTypeOf('string');
    expect(facts.filter((one) => one.event === 'sign-in-refused').every((one) => one.outcome === 'refused' && one.from === '10.0.0.1')).toBe(true);
    expect(JSON.stringify(facts)).not.toContain('guess');
  });

  test('guessing from one address does not lock the reader out elsewhere; from everywhere it does, for a while', async () => {
    for (let i = 0; i < 6; i += 1) await auth.signIn('linh', 'guess', '10.0.0.1').catch(() => undefined);
    await expect(auth.signIn('linh', 'trời mưa to quá', '10.0.0.2')).resolves.toBeTypeOf('string');
    for (let i = 0; i < 51; i += 1) await auth.signIn('linh', 'guess', `10.1.0.${i}`).catch(() => undefined);
    await expect(auth.signIn('linh', 'trời mưa to quá', '10.0.0.3')).rejects.toMatchObject({ code: 'too-many-attempts' });
  });

  test('a name written otherwise is the same name to the lock', async () => {
    for (let i = 0; i < 6; i += 1) await auth.signIn(i % 2 === 0 ? 'Linh' : 'LINH ', `guess ${i}`, '10.0.0.1').catch(() => undefined);
    await expect(auth.signIn('linh', 'trời mưa to quá', '10.0.0.1')).rejects.toMatchObject({ code: 'too-many-attempts' });
  });

  test('many names from one address: the address is locked', async () => {
    accounts.saveUser({ name: 'mai', role: 'reader', passwordHash: accounts.user('linh')!.passwordHash });
    const cheap = createAuth({ accounts, audit, now: () => nowMs, attemptLimits: { freeCount: 1, lockFirstMs: 1_000, lockMaxMs: 1_000, forgetAfterMs: 10_000, keyCountMax: 100 } });
    for (const name of ['linh', 'mai', 'Linh', 'Mai', 'linh2']) await cheap.signIn(name, 'guess', '10.0.0.1').catch(() => undefined);
    await expect(cheap.signIn('somebody', 'guess', '10.0.0.1')).rejects.toMatchObject({ code: 'too-many-attempts' });
    await expect(cheap.signIn('mai', 'trời mưa to quá', '10.0.0.2')).resolves.toBeTypeOf('string');
  });

  test('hashes differ each time, and do not fit another password', async () => {
    const [a, b] = [await hashPassword('correct horse', CHEAP), await hashPassword('correct horse', CHEAP)];
    expect(a).not.toBe(b);
    expect(await verifyPassword('correct horse', a)).toBe(true);
    expect(await verifyPassword('correct horsf', a)).toBe(false);
    expect(await verifyPassword('x', 'nonsense')).toBe(false);
  });

  test.each([['short', 'kurz'], ['same sign', 'aaaaaaaaaaaa'], ['common', 'Password123'], ['with the name', 'my-name-is-linh'], ['too long', 'ab1-'.repeat(90)]])('%s is refused', (_what, password) => {
    expect(passwordProblem('linh', password)).toBeDefined();
  });

  test.each(['Matkhau@2026!', 'mật khẩu 123456', 'P@ssw0rd2026!!', 'qwertyuiop12', '1234567890123', 'abcabcabcabc', '9876543210ab', '1qaz2wsx3edc', 'Firstread2026!', 'BenhVien_12345', 'administrator1'])('%s is among the first that are tried', (password) => {
    expect(passwordProblem('linh', password)).toMatchObject({ code: 'common' });
  });
  test.each(['trời mưa to quá', 'correct horse battery', 'sông dài cá lội', 'my hospital has 3 cats', 'x7$Kq-mmvB2!p', 'đêm qua trăng sáng'])('%s will do', (password) => {
    expect(passwordProblem('linh', password)).toBeUndefined();
  });
  test('length is in characters as they are seen, and a setting', () => {
    expect(passwordProblem('linh', 'ếếếếộộộộưưư'.normalize('NFD'))).toMatchObject({ code: 'short' });
    expect(passwordProblem('linh', 'sông dài cá lội', 16)).toMatchObject({ code: 'short', text: 'at least 16 characters' });
  });

  test('adding a user checks name and password', async () => {
    await expect(addUser(accounts, { name: 'a:b', role: 'reader', password: 'long enough 1' })).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(addUser(accounts, { name: 'mai', role: 'reader', password: 'short' })).rejects.toMatchObject({ code: 'password-weak' });
    await addUser(accounts, { name: 'mai', role: 'operator', password: 'long enough 1' });
    expect(accounts.user('mai')).toMatchObject({ role: 'operator', passwordHash: expect.stringMatching(/^scrypt\$32768\$8\$3\$/) });
  });
});

describe('one\'s own password', () => {
  const me = (cookie: string) => auth.callerOfCookie(cookie, 'active')!;
  test('the old one is needed, the new one must do; every session of before ends', async () => {
    const [here, there] = [await auth.signIn('linh', 'trời mưa to quá', 'a'), await auth.signIn('linh', 'trời mưa to quá', 'b')];
    await expect(auth.changePassword(me(here), 'wrong', 'sông dài cá lội', 'a')).rejects.toMatchObject({ code: 'credentials-wrong' });
    await expect(auth.changePassword(me(here), 'trời mưa to quá', 'trời mưa to quá', 'a')).rejects.toMatchObject({ code: 'password-weak', details: { problem: 'same' } });
    await expect(auth.changePassword(me(here), 'trời mưa to quá', 'short', 'a')).rejects.toMatchObject({ code: 'password-weak', details: { problem: 'short' } });
    const fresh = await auth.changePassword(me(here), 'trời mưa to quá', 'sông dài cá lội', 'a');
    expect([auth.callerOfCookie(here, 'active'), auth.callerOfCookie(there, 'active')]).toEqual([undefined, undefined]);
    expect(me(fresh)).toMatchObject({ name: 'linh', role: 'reader', hasPassword: true });
    await expect(auth.signIn('linh', 'trời mưa to quá', 'c')).rejects.toMatchObject({ code: 'credentials-wrong' });
    expect(facts.filter(({ event }) => event === 'password-changed')).toMatchObject([{ who: 'linh', from: 'a', outcome: 'done' }]);
    expect(JSON.stringify(facts)).not.toMatch(/mưa|sông/);
  });

  test('a screen left open is no place to guess it at', async () => {
    const cookie = await auth.signIn('linh', 'trời mưa to quá', 'a');
    for (let i = 0; i < 6; i += 1) await auth.changePassword(me(cookie), `guess ${i}`, 'sông dài cá lội', 'a').catch(() => undefined);
    await expect(auth.changePassword(me(cookie), 'trời mưa to quá', 'sông dài cá lội', 'a')).rejects.toMatchObject({ code: 'too-many-attempts' });
  });

  test('who came by a link or from elsewhere has none to change here', async () => {
    const link = auth.redeemLink(auth.issueLink({ name: 'local', role: 'admin' }), 'a');
    await expect(auth.changePassword(me(link), 'x', 'sông dài cá lội', 'a')).rejects.toMatchObject({ code: 'not-allowed' });
    const elsewhere = auth.enter({ name: 'linh', role: 'reader' }, 'oidc', 'a');
    await expect(auth.changePassword(me(elsewhere), 'trời mưa to quá', 'sông dài cá lội', 'a')).rejects.toMatchObject({ code: 'not-allowed' });
  });
});

describe('session', () => {
  const start = () => auth.redeemLink(auth.issueLink({ name: 'x', role: 'reader' }), 'a');

  test('ends after idling, and the page\'s own refreshes are no use', () => {
    const cookie = start();
    nowMs += 1.5 * HOUR_MS;
    expect(auth.callerOfCookie(cookie, 'background')).toBeDefined();
    nowMs += 0.6 * HOUR_MS;
    expect(auth.callerOfCookie(cookie, 'background')).toBeUndefined();
    expect(accounts.sessions.size).toBe(0);
  });

  test('use keeps it, up to a shift', () => {
    const cookie = start();
    for (let i = 0; i < 11; i += 1) {
      nowMs += HOUR_MS;
      expect(auth.callerOfCookie(cookie, 'active')).toBeDefined();
    }
    nowMs += HOUR_MS;
    expect(auth.callerOfCookie(cookie, 'active')).toBeUndefined();
  });

  test('a user\'s role follows the registry at once; a user taken away is out', async () => {
    const cookie = await auth.signIn('linh', 'trời mưa to quá', 'a');
    accounts.saveUser({ ...accounts.user('linh')!, role: 'operator' });
    expect(auth.callerOfCookie(cookie, 'active')?.role).toBe('operator');
    accounts.saveUser({ ...accounts.user('linh')!, disabled: true });
    expect(auth.callerOfCookie(cookie, 'active')).toBeUndefined();
  });

  test('nothing that is kept opens a door', () => {
    const cookie = start();
    const [kept] = [...accounts.sessions.values()];
    expect(kept!.idHash).toBe(hashSecret(cookie));
    expect(auth.callerOfCookie(kept!.idHash, 'active')).toBeUndefined();
  });

  test('signing out ends it', () => {
    const cookie = start();
    auth.signOut(cookie, 'a');
    expect(auth.callerOfCookie(cookie, 'active')).toBeUndefined();
  });
});

describe('token', () => {
  test('opens until it ends; guessing locks the guesser, not a worker behind the same address', () => {
    const token = auth.issueToken({ name: 'w1', role: 'worker', lifeMs: HOUR_MS });
    expect(auth.callerOfToken(token, 'a')).toMatchObject({ name: 'w1', role: 'worker', by: 'token' });
    nowMs += HOUR_MS;
    expect(auth.callerOfToken(token, 'a')).toBeUndefined();
    const good = auth.issueToken({ name: 'w2', role: 'worker' });
    for (let i = 0; i < 6; i += 1) expect(auth.callerOfToken(`frd_guess_number_${i}`, 'b')).toBeUndefined();
    expect(code(() => auth.callerOfToken('frd_guess_number_7', 'b'))).toBe('too-many-attempts');
    expect(auth.callerOfToken(good, 'b')).toMatchObject({ name: 'w2' });
  });

  test('one chosen elsewhere is valid and not kept', () => {
    auth.acceptToken('frd_from_the_data_folder', { name: 'cli', role: 'admin' });
    expect(auth.callerOfToken('frd_from_the_data_folder', 'a')).toMatchObject({ role: 'admin' });
    expect(createAuth({ accounts, audit, now: () => nowMs }).callerOfToken('frd_from_the_data_folder', 'a')).toBeUndefined();
  });
});

describe('attempts', () => {
  test('memory is bounded and old failures are forgotten', () => {
    const attempts = createAttempts({ freeCount: 1, lockFirstMs: 100, lockMaxMs: 400, forgetAfterMs: 1_000, keyCountMax: 3 });
    attempts.fail('a', 0);
    expect(attempts.fail('a', 0)).toBe(true);
    expect(attempts.lockedForMs('a', 50)).toBe(50);
    for (let i = 0; i < 9; i += 1) attempts.fail('a', 0);
    expect(attempts.lockedForMs('a', 0)).toBe(400);
    expect(attempts.fail('a', 2_000)).toBe(false);
    for (const key of ['b', 'c', 'd']) attempts.fail(key, 3_000);
    expect(attempts.lockedForMs('a', 3_000)).toBe(0);
  });
});

describe('where it may listen', () => {
  test.each(['127.0.0.1', 'localhost', '::1', '[::1]', '127.8.8.8', '::ffff:127.0.0.1'])('%s always', (host) => expect(mayListen(host, { usersConfigured: false })).toEqual({ allowed: true }));
  test.each(['0.0.0.0', '::', '', '10.0.0.1', 'hospital.example', '127.0.0.1.evil.example'])('%s only with users', (host) => {
    expect(mayListen(host, { usersConfigured: false })).toMatchObject({ allowed: false });
    expect(mayListen(host, { usersConfigured: true })).toEqual({ allowed: true });
    expect(isLoopback(host)).toBe(false);
  });
});
