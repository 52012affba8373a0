/** The registry's accounts as the API asks for them. Sessions and tokens live in one table of hashed credentials. */
import type { AccountsPort, OidcSubject, Role, SessionRow, TokenRow, UserRow } from '../api/ports.ts';
import type { CredentialRecord, UserRecord } from '../registry/account-rows.ts';
import type { Registry } from '../registry/registry.ts';

/** Credentials without an end of their own: the API ends sessions by their last use, tokens by their own field. */
const FAR_FUTURE_MS = Date.UTC(9999, 0, 1);

type Rows = Pick<
  Registry,
  'users' | 'userByName' | 'addUser' | 'changeUser' | 'credential' | 'addCredential' | 'touchCredential' | 'revokeCredential' | 'credentials'
>;

export function createAccountsPort(rows: Rows, now: () => number): AccountsPort {
  const found = (hash: string, kind: CredentialRecord['kind']): CredentialRecord | undefined => {
    const record = rows.credential(hash, now());
    return record?.kind === kind ? record : undefined;
  };
  const removeSessionsOf = (name: string): void => {
    for (const session of rows.credentials('session')) if (session.name === name) rows.revokeCredential(session.secretSha256);
  };
  return {
    userCount: () => rows.users().filter(({ disabled }) => !disabled).length,
    user(name): UserRow | undefined {
      const record = rows.userByName(name);
      return record && userRow(record);
    },
    userOfSubject({ issuer, subject }) {
      const record = rows.users().find(({ profile }) => profile['issuer'] === issuer && profile['subject'] === subject);
      return record && userRow(record);
    },
    saveUser({ name, role, passwordHash, subject, disabled = false }) {
      const change = { role, ...(passwordHash === undefined ? {} : { passwordHash }), ...(subject === undefined ? {} : { profile: { ...subject } }) };
      const known = rows.userByName(name) ?? rows.addUser({ name, ...change }, now());
      if (known === undefined) return;
      rows.changeUser(known.id, { ...change, disabled });
      if (disabled || (passwordHash !== undefined && passwordHash !== known.passwordHash)) removeSessionsOf(known.name);
    },
    session(idHash): SessionRow | undefined {
      const record = found(idHash, 'session');
      if (record === undefined) return undefined;
      // Sessions of before 0.2 say neither; their people sign in anew within a shift.
      const { by = 'password', from = '' } = record.detail as Partial<Pick<SessionRow, 'by' | 'from'>>;
      return { idHash, name: record.name, role: record.role as Role, by, from, createdAtMs: record.createdAtMs, lastSeenAtMs: record.lastUsedAtMs };
    },
    saveSession({ idHash, name, role, by, from, createdAtMs, lastSeenAtMs }) {
      if (found(idHash, 'session') === undefined) {
        rows.addCredential({ secretSha256: idHash, kind: 'session', name, role, createdAtMs, expiresAtMs: FAR_FUTURE_MS, detail: { by, from } });
      }
      rows.touchCredential(idHash, lastSeenAtMs);
    },
    removeSession: (idHash) => void rows.revokeCredential(idHash),
    removeSessionsOf,
    removeSessionsBefore(lastSeenAtMs) {
      for (const session of rows.credentials('session')) {
        if (session.lastUsedAtMs < lastSeenAtMs) rows.revokeCredential(session.secretSha256);
      }
    },
    token(tokenHash): TokenRow | undefined {
      const record = found(tokenHash, 'token');
      if (record === undefined) return undefined;
      return { tokenHash, name: record.name, role: record.role as Role, createdAtMs: record.createdAtMs, expiresAtMs: record.expiresAtMs };
    },
    saveToken({ tokenHash, name, role, createdAtMs, expiresAtMs = FAR_FUTURE_MS }) {
      rows.revokeCredential(tokenHash);
      rows.addCredential({ secretSha256: tokenHash, kind: 'token', name, role, createdAtMs, expiresAtMs, detail: {} });
    },
  };
}

function userRow({ name, role, passwordHash, disabled, profile }: UserRecord): UserRow {
  const { issuer, subject } = profile as Partial<OidcSubject>;
  return {
    name, role: role as Role, disabled,
    ...(passwordHash === undefined ? {} : { passwordHash }),
    ...(issuer === undefined || subject === undefined ? {} : { subject: { issuer, subject } }),
  };
}
