/** The registry's accounts as the API asks for them. Sessions and tokens live in one table of hashed credentials. */
import type { AccountsPort, Role, SessionRow, TokenRow, UserRow } from '../api/ports.ts';
import type { CredentialRecord } from '../registry/account-rows.ts';
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
  return {
    userCount: () => rows.users().filter(({ disabled }) => !disabled).length,
    user(name): UserRow | undefined {
      const record = rows.userByName(name);
      if (record?.passwordHash === undefined) return undefined;
      return { name: record.name, role: record.role as Role, passwordHash: record.passwordHash, disabled: record.disabled };
    },
    saveUser({ name, role, passwordHash, disabled = false }) {
      const known = rows.userByName(name) ?? rows.addUser({ name, role, passwordHash }, now());
      if (known === undefined) return;
      rows.changeUser(known.id, { role, passwordHash, disabled });
      // Who had the old password is out.
      for (const session of rows.credentials('session')) if (session.name === known.name) rows.revokeCredential(session.secretSha256);
    },
    session(idHash): SessionRow | undefined {
      const record = found(idHash, 'session');
      return record && { idHash, name: record.name, role: record.role as Role, createdAtMs: record.createdAtMs, lastSeenAtMs: record.lastUsedAtMs };
    },
    saveSession({ idHash, name, role, createdAtMs, lastSeenAtMs }) {
      if (found(idHash, 'session') === undefined) {
        rows.addCredential({ secretSha256: idHash, kind: 'session', name, role, createdAtMs, expiresAtMs: FAR_FUTURE_MS, detail: {} });
      }
      rows.touchCredential(idHash, lastSeenAtMs);
    },
    removeSession: (idHash) => void rows.revokeCredential(idHash),
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
