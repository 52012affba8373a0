/**
 * People of the OpenID Connect provider as users here: who may come in and under which name, that it still holds, and
 * the way out. A user belongs to the provider's subject, not to its name: an account over there that takes another's
 * name does not become that person here. Tokens stay in memory: after a restart sessions go on unchecked to their end.
 */
import { FirstreadError } from '../errors.ts';
import type { Audit } from '../ops/audit.ts';
import { hashSecret, type Auth } from './auth.ts';
import type { Oidc, OidcPerson, OidcTokens } from './oidc.ts';
import type { AccountsPort } from './ports.ts';

export interface OidcSessionsOptions {
  readonly oidc: Oidc;
  readonly auth: Auth;
  readonly accounts: AccountsPort;
  readonly audit: Audit;
  readonly now: () => number;
  /** How often the provider is asked whether a session still holds. */
  readonly checkEveryMs: number;
  /** What was learnt of a session could not be kept. */
  readonly onTrouble: (error: unknown) => void;
  readonly limits?: Partial<typeof OIDC_SESSION_LIMITS>;
}

export const OIDC_SESSION_LIMITS = { lookEveryMs: 30_000, keptCountMax: 5_000 };

export interface OidcSessions {
  /** The new session's cookie value. Throws `oidc-no-role`, `oidc-name-taken`. */
  signIn(person: OidcPerson, from: string): string;
  /** Asked before the session ends; undefined where it is not one of the provider's. */
  logoutUrl(cookieValue: string, origin: string): string | undefined;
  close(): void;
}

interface Kept {
  readonly tokens: OidcTokens;
  readonly subject: string;
  readonly name: string;
  readonly checkedAtMs: number;
}

export function createOidcSessions(options: OidcSessionsOptions): OidcSessions {
  const { oidc, auth, accounts, audit, now } = options;
  const limits = { ...OIDC_SESSION_LIMITS, ...options.limits };
  const kept = new Map<string, Kept>();
  let checking = false;

  const refuse = (code: 'oidc-no-role' | 'oidc-name-taken', why: string, person: OidcPerson, from: string): never => {
    audit.record({ event: 'sign-in-refused', who: person.name, from, outcome: 'refused', details: { code, why, by: 'oidc' } });
    throw new FirstreadError(code);
  };

  const noteRole = (name: string, role: string, subject: string): void => audit.record({ event: 'user-saved', who: 'sign-in provider', outcome: 'done', details: { name, role, subject } });

  const endSession = (idHash: string, one: Kept, why: string): void => {
    kept.delete(idHash);
    accounts.removeSession(idHash);
    audit.record({ event: 'session-ended', who: one.name, outcome: 'done', details: { why } });
  };

  /** False where the provider is away: the others need not be asked now. */
  const check = async (idHash: string, one: Kept): Promise<boolean> => {
    const answer = await oidc.recheck(one.tokens, one.subject);
    if (accounts.session(idHash) === undefined) return kept.delete(idHash);
    if (answer.kind === 'away') return false;
    if (answer.kind === 'unclear') {
      kept.set(idHash, { ...one, checkedAtMs: now() });
      return true;
    }
    if (answer.kind === 'refused' || answer.role === undefined) {
      endSession(idHash, one, answer.kind === 'refused' ? 'the sign-in provider ended it' : 'no group with a role any more');
      return true;
    }
    kept.set(idHash, { ...one, tokens: answer.tokens, checkedAtMs: now() });
    const user = accounts.user(one.name);
    if (answer.role !== 'unchanged' && user !== undefined && user.role !== answer.role) {
      accounts.saveUser({ ...user, role: answer.role });
      noteRole(user.name, answer.role, one.subject);
    }
    return true;
  };

  const checkAll = async (): Promise<void> => {
    if (checking) return;
    checking = true;
    try {
      for (const [idHash, one] of [...kept]) {
        if (accounts.session(idHash) === undefined) kept.delete(idHash);
        else if (one.tokens.refreshToken !== undefined && now() - one.checkedAtMs >= options.checkEveryMs && !(await check(idHash, one))) break;
      }
    } finally {
      checking = false;
    }
  };
  // A registry that cannot be written to (a full disk) ends no hub: the session is asked about again at the next look.
  const timer = setInterval(() => void checkAll().catch(options.onTrouble), limits.lookEveryMs);
  timer.unref();

  return {
    signIn(person, from) {
      if (person.role === undefined) return refuse('oidc-no-role', 'no group', person, from);
      const subject = { issuer: person.issuer, subject: person.subject };
      const known = accounts.userOfSubject(subject);
      if (known?.disabled === true) return refuse('oidc-no-role', 'disabled here', person, from);
      if (known === undefined && accounts.user(person.name) !== undefined) return refuse('oidc-name-taken', 'name taken', person, from);
      const user = { name: known?.name ?? person.name, role: person.role };
      accounts.saveUser({ ...user, subject });
      if (known?.role !== person.role) noteRole(user.name, person.role, person.subject);
      const cookieValue = auth.enter(user, 'oidc', from);
      if (kept.size >= limits.keptCountMax) kept.delete(kept.keys().next().value!);
      kept.set(hashSecret(cookieValue), { tokens: person.tokens, subject: person.subject, name: user.name, checkedAtMs: now() });
      return cookieValue;
    },
    logoutUrl(cookieValue, origin) {
      const idHash = hashSecret(cookieValue);
      if (accounts.session(idHash)?.by !== 'oidc') return undefined;
      const tokens = kept.get(idHash)?.tokens ?? {};
      kept.delete(idHash);
      return oidc.logoutUrl(tokens, origin);
    },
    close() {
      clearInterval(timer);
      oidc.close();
    },
  };
}
