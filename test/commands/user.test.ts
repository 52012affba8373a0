/** `firstread user` beside the accounts that the API sees: sessions listed and ended, disabled at once, rules of passwords. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAuth, type Auth } from '../../src/api/auth.ts';
import type { AccountsPort } from '../../src/api/ports.ts';
import { FirstreadError } from '../../src/errors.ts';
import { createAccountsPort } from '../../src/hub/accounts-port.ts';
import { followAccountChanges } from '../../src/hub/account-changes.ts';
import type { Audit } from '../../src/ops/audit.ts';
import type { AuditFacts } from '../../src/ops/audit-chain.ts';
import { SILENT_LOG } from '../../src/ops/log.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';

const BIN = fileURLToPath(new URL('../../bin/firstread', import.meta.url));
const PASSWORD = 'trời mưa to quá';
let data: string;
let registry: Registry;
let accounts: AccountsPort;
let auth: Auth;
const user = (...argv: string[]) => spawnSync(BIN, ['user', ...argv, '--data', data], { encoding: 'utf8', input: `${PASSWORD}\n` });

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'firstread-user-'));
  expect(user('add', 'linh', '--role', 'technologist').stdout).toBe('linh can sign in as technologist\n');
  registry = openRegistry(join(data, 'registry.sqlite')); // as the hub has it open
  accounts = createAccountsPort(registry, Date.now);
  auth = createAuth({ accounts, audit: { record: () => undefined } as unknown as Audit, now: Date.now });
});
afterEach(() => {
  registry.close();
  rmSync(data, { recursive: true, force: true });
});
const caller = (cookie: string) => auth.callerOfCookie(cookie, 'active');

describe('beside a running hub', () => {
  test('sessions are listed with how and from where, and ended', async () => {
    const [one, two] = [await auth.signIn('linh', PASSWORD, '10.0.0.7'), await auth.signIn('Linh', PASSWORD, '10.0.0.8')];
    const other = auth.redeemLink(auth.issueLink({ name: 'local', role: 'admin' }), '127.0.0.1');
    const { stdout } = user('sessions');
    expect(stdout).toMatch(/linh +technologist +password +10\.0\.0\.7/);
    expect(stdout).toMatch(/local +admin +link +127\.0\.0\.1/);
    for (const cookie of [one, two, other]) expect(stdout).not.toContain(cookie);
    expect(user('sessions', 'LINH').stdout.split('\n')).toHaveLength(5);
    expect(user('sessions', 'linh', '--end').stdout).toBe('2 sessions ended\n');
    expect([caller(one), caller(two), caller(other)?.name]).toEqual([undefined, undefined, 'local']);
    expect(user('sessions', 'local', '--end').stdout).toBe('1 session ended\n');
    expect(caller(other)).toBeUndefined();
    expect(user('sessions').stdout).toBe('nobody is signed in\n');
    expect(user('sessions', '--end').stderr).toContain('name the user');
  });

  test('disabled: out at once, and not in again until enabled', async () => {
    const cookie = await auth.signIn('linh', PASSWORD, 'a');
    expect(caller(cookie)).toMatchObject({ role: 'technologist', hasPassword: true });
    expect(user('disable', 'Linh').status).toBe(0);
    expect(caller(cookie)).toBeUndefined();
    await expect(auth.signIn('linh', PASSWORD, 'a')).rejects.toMatchObject({ code: 'credentials-wrong' });
    expect(user('list').stdout).toMatch(/linh +technologist +password +disabled/);
    user('enable', 'linh');
    expect(caller(cookie)).toBeUndefined();
    await expect(auth.signIn('linh', PASSWORD, 'a')).resolves.toBeTypeOf('string');
  });

  test('a new password ends the sessions, a role only changes', async () => {
    const cookie = await auth.signIn('linh', PASSWORD, 'a');
    accounts.saveUser({ ...accounts.user('linh')!, role: 'operator' });
    expect(caller(cookie)?.role).toBe('operator');
    user('add', 'linh', '--role', 'reader');
    expect(caller(cookie)).toBeUndefined();
  });

  test('a user of the provider keeps the account over there, and gets a password only from here', () => {
    accounts.saveUser({ name: 'tuan', role: 'reader', subject: { issuer: 'https://sso.example', subject: '42' } });
    expect(user('list').stdout).toMatch(/tuan +reader +https:\/\/sso\.example +active/);
    accounts.saveUser({ name: 'tuan', role: 'operator' });
    expect(accounts.userOfSubject({ issuer: 'https://sso.example', subject: '42' })).toMatchObject({ name: 'tuan', role: 'operator' });
    expect(accounts.userOfSubject({ issuer: 'https://other.example', subject: '42' })).toBeUndefined();
    expect(accounts.user('tuan')?.passwordHash).toBeUndefined();
  });
});

describe('the audit trail', () => {
  test('what commands did is written by the hub, once, in order, without a secret', () => {
    user('add', 'mai');
    user('add', 'mai', '--role', 'admin');
    user('disable', 'mai');
    user('enable', 'mai');
    auth.redeemLink(auth.issueLink({ name: 'mai', role: 'reader' }), 'a');
    user('sessions', 'mai', '--end');
    const token = spawnSync(BIN, ['token', 'add', '--role', 'worker', '--name', 'gpu1', '--data', data], { encoding: 'utf8' }).stdout.trim();
    spawnSync(BIN, ['token', 'revoke', 'gpu1', '--data', data]);
    const facts: AuditFacts[] = [];
    followAccountChanges(registry, { record: (one) => void facts.push(one) }, SILENT_LOG)();
    expect(facts.map(({ event, details }) => [event, details!['change'], details!['name'], details!['role']])).toEqual([
      ['user-saved', 'user added', 'linh', 'technologist'], ['user-saved', 'user added', 'mai', 'reader'], ['user-saved', 'user changed', 'mai', 'admin'], ['user-saved', 'user disabled', 'mai', undefined],
      ['user-saved', 'user enabled', 'mai', undefined], ['session-ended', 'sessions ended', 'mai', undefined], ['token-issued', 'token added', 'gpu1', 'worker'], ['token-revoked', 'token revoked', 'gpu1', undefined],
    ]);
    expect(facts.every(({ who, outcome }) => who.startsWith('command line') && outcome === 'done')).toBe(true);
    expect(JSON.stringify(facts)).not.toContain(token);
    expect(JSON.stringify(facts)).not.toContain('scrypt');
  });

  test('a disk without room ends no hub: the notes are taken up when there is some', () => {
    user('add', 'mai');
    const facts: AuditFacts[] = [];
    const troubles: unknown[] = [];
    let isFull = true;
    const rows = {
      accountChanges: () => registry.accountChanges(),
      forgetAccountChanges: (id: number) => { if (isFull) throw new FirstreadError('storage-full'); registry.forgetAccountChanges(id); },
    };
    const stop = followAccountChanges(rows, { record: (one) => void facts.push(one) }, { write: (_event, fields) => void troubles.push(fields) });
    expect(troubles).toMatchObject([{ reason: 'account-changes', error: { code: 'storage-full' } }]);
    isFull = false;
    stop();
    expect(registry.accountChanges()).toEqual([]);
    expect(facts.at(-1)).toMatchObject({ details: { name: 'mai' } });
  });
});

describe('what will not do', () => {
  test.each([
    [['add', 'mai', '--role', 'worker'], /--role is one of reader, technologist, operator, admin/],
    [['add', 'mai', '--password-length-min', '20'], /at least 20 characters/],
    [['add', 'a:b'], /letters, digits/],
    [['disable', 'nobody'], /no user "nobody"/],
    [['remove', 'linh'], /add, list, disable, enable, sessions/],
  ] as const)('%j', (argv, message) => {
    const answer = user(...argv);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toMatch(message);
  });
});
