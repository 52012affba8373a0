/**
 * Users, credentials (sign-in links, sessions, API tokens) and settings that are changed while running. Only hashes of
 * secrets are kept, and of the password whatever the api's hashing made. Leaves out: hashing, lock-out rules (api).
 */
import type { Database, Row } from './database.ts';

export interface UserRecord {
  readonly id: number;
  readonly name: string;
  readonly role: string;
  readonly passwordHash?: string;
  readonly disabled: boolean;
  readonly failedSignIns: number;
  readonly lockedUntilMs: number;
  readonly createdAtMs: number;
  readonly profile: Readonly<Record<string, unknown>>;
}

export type CredentialKind = 'link' | 'session' | 'token';

export interface CredentialRecord {
  readonly secretSha256: string;
  readonly kind: CredentialKind;
  readonly userId?: number;
  readonly name: string;
  readonly role: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly lastUsedAtMs: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AccountChange {
  readonly id: number;
  readonly atMs: number;
  readonly by: string;
  readonly what: 'user added' | 'user changed' | 'user disabled' | 'user enabled' | 'sessions ended' | 'token added' | 'token revoked';
  /** Of the user or the token. */
  readonly name: string;
  readonly role?: string;
}

export interface AccountRows {
  users(): UserRecord[];
  userByName(name: string): UserRecord | undefined;
  user(id: number): UserRecord | undefined;
  /** Undefined where the name is taken. */
  addUser(user: { name: string; role: string; passwordHash?: string; profile?: Readonly<Record<string, unknown>> }, nowMs: number): UserRecord | undefined;
  changeUser(id: number, change: Partial<Omit<UserRecord, 'id' | 'name' | 'createdAtMs'>>): void;

  addCredential(credential: Omit<CredentialRecord, 'lastUsedAtMs'>): void;
  /** Undefined when unknown or expired. */
  credential(secretSha256: string, nowMs: number): CredentialRecord | undefined;
  /** A link works once: true for the one caller who used it. */
  takeCredential(secretSha256: string, nowMs: number): CredentialRecord | undefined;
  touchCredential(secretSha256: string, lastUsedAtMs: number, expiresAtMs?: number): void;
  revokeCredential(secretSha256: string): boolean;
  revokeCredentialsOf(userId: number): void;
  credentials(kind: CredentialKind): CredentialRecord[];
  removeExpiredCredentials(nowMs: number): number;

  /** Notes of commands, for the hub to write into the audit trail. */
  noteAccountChange(change: Omit<AccountChange, 'id'>): void;
  accountChanges(): AccountChange[];
  forgetAccountChanges(throughId: number): void;

  setting(key: string): unknown;
  settings(): ReadonlyMap<string, unknown>;
  setSetting(key: string, value: unknown, by: string, nowMs: number): void;
}

export function createAccountRows(database: Database): AccountRows {
  const user = (where: string, value: string | number): UserRecord | undefined =>
    database.all(`SELECT * FROM users WHERE ${where} = ?`, value).map(userOf)[0];
  const credential = (secretSha256: string, nowMs: number): CredentialRecord | undefined =>
    database.all('SELECT * FROM credentials WHERE secret_sha256 = ? AND expires_at_ms > ?', secretSha256, nowMs).map(credentialOf)[0];

  return {
    users: () => database.all('SELECT * FROM users ORDER BY name_key').map(userOf),
    userByName: (name) => user('name_key', nameKey(name)),
    user: (id) => user('id', id),
    addUser({ name, role, passwordHash, profile = {} }, nowMs) {
      const added = database.run(
        `INSERT INTO users (name, name_key, role, password_hash, disabled, failed_sign_ins, locked_until_ms, created_at_ms, profile_json)
         VALUES (?, ?, ?, ?, 0, 0, 0, ?, ?) ON CONFLICT DO NOTHING`,
        name.normalize('NFC'),
        nameKey(name),
        role,
        passwordHash ?? null,
        nowMs,
        JSON.stringify(profile),
      );
      return added > 0 ? user('name_key', nameKey(name)) : undefined;
    },
    changeUser(id, change) {
      database.run(
        `UPDATE users SET role = coalesce(?, role), password_hash = coalesce(?, password_hash), disabled = coalesce(?, disabled),
           failed_sign_ins = coalesce(?, failed_sign_ins), locked_until_ms = coalesce(?, locked_until_ms),
           profile_json = coalesce(?, profile_json) WHERE id = ?`,
        change.role ?? null,
        change.passwordHash ?? null,
        change.disabled === undefined ? null : Number(change.disabled),
        change.failedSignIns ?? null,
        change.lockedUntilMs ?? null,
        change.profile === undefined ? null : JSON.stringify(change.profile),
        id,
      );
    },

    addCredential({ secretSha256, kind, userId, name, role, createdAtMs, expiresAtMs, detail }) {
      database.run(
        `INSERT INTO credentials (secret_sha256, kind, user_id, name, role, created_at_ms, expires_at_ms, last_used_at_ms, detail_json)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        secretSha256,
        kind,
        userId ?? null,
        name,
        role,
        createdAtMs,
        expiresAtMs,
        createdAtMs,
        JSON.stringify(detail),
      );
    },
    credential,
    takeCredential: (secretSha256, nowMs) =>
      database.transact(() => {
        const found = credential(secretSha256, nowMs);
        if (found) database.run('DELETE FROM credentials WHERE secret_sha256 = ?', secretSha256);
        return found;
      }),
    touchCredential: (secretSha256, lastUsedAtMs, expiresAtMs) =>
      // With every request: when a session was last used is not worth a wait for the disk.
      database.transactRelaxed(() => {
        database.run(
          'UPDATE credentials SET last_used_at_ms = ?, expires_at_ms = coalesce(?, expires_at_ms) WHERE secret_sha256 = ?',
          lastUsedAtMs,
          expiresAtMs ?? null,
          secretSha256,
        );
      }),
    revokeCredential: (secretSha256) => database.run('DELETE FROM credentials WHERE secret_sha256 = ?', secretSha256) > 0,
    revokeCredentialsOf: (userId) => void database.run('DELETE FROM credentials WHERE user_id = ?', userId),
    credentials: (kind) => database.all('SELECT * FROM credentials WHERE kind = ? ORDER BY created_at_ms', kind).map(credentialOf),
    removeExpiredCredentials: (nowMs) => database.run('DELETE FROM credentials WHERE expires_at_ms <= ?', nowMs),

    noteAccountChange: ({ atMs, by, what, name, role }) =>
      void database.run('INSERT INTO account_changes (at_ms, done_by, what, name, role) VALUES (?, ?, ?, ?, ?)', atMs, by, what, name, role ?? null),
    accountChanges: () =>
      database.all('SELECT * FROM account_changes ORDER BY id LIMIT 1000').map((row) => ({
        id: Number(row['id']),
        atMs: Number(row['at_ms']),
        by: String(row['done_by']),
        what: row['what'] as AccountChange['what'],
        name: String(row['name']),
        ...(row['role'] === null ? {} : { role: String(row['role']) }),
      })),
    forgetAccountChanges: (throughId) => void database.run('DELETE FROM account_changes WHERE id <= ?', throughId),

    setting(key) {
      const row = database.get('SELECT value_json FROM settings WHERE key = ?', key);
      return row && (JSON.parse(String(row['value_json'])) as unknown);
    },
    settings: () =>
      new Map(database.all('SELECT key, value_json FROM settings').map((row) => [String(row['key']), JSON.parse(String(row['value_json'])) as unknown])),
    setSetting(key, value, by, nowMs) {
      database.run(
        `INSERT INTO settings (key, value_json, set_at_ms, set_by) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET value_json = excluded.value_json, set_at_ms = excluded.set_at_ms, set_by = excluded.set_by`,
        key,
        JSON.stringify(value),
        nowMs,
        by,
      );
    },
  };
}

function nameKey(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

function userOf(row: Row): UserRecord {
  return {
    id: Number(row['id']),
    name: String(row['name']),
    role: String(row['role']),
    ...(row['password_hash'] === null ? {} : { passwordHash: String(row['password_hash']) }),
    disabled: row['disabled'] === 1,
    failedSignIns: Number(row['failed_sign_ins']),
    lockedUntilMs: Number(row['locked_until_ms']),
    createdAtMs: Number(row['created_at_ms']),
    profile: JSON.parse(String(row['profile_json'])) as Record<string, unknown>,
  };
}

function credentialOf(row: Row): CredentialRecord {
  return {
    secretSha256: String(row['secret_sha256']),
    kind: row['kind'] as CredentialKind,
    ...(row['user_id'] === null ? {} : { userId: Number(row['user_id']) }),
    name: String(row['name']),
    role: String(row['role']),
    createdAtMs: Number(row['created_at_ms']),
    expiresAtMs: Number(row['expires_at_ms']),
    lastUsedAtMs: Number(row['last_used_at_ms']),
    detail: JSON.parse(String(row['detail_json'])) as Record<string, unknown>,
  };
}
