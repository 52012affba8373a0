/**
 * Who is asking: one-time links, passwords, sessions in a cookie, API tokens. Every secret is 256 random bits and kept
 * as its SHA-256; nothing read from the registry opens a door. OpenID Connect (oidc-sessions.ts) ends in `enter`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { FirstreadError, isStorageTrouble } from '../errors.ts';
import type { Audit } from '../ops/audit.ts';
import { ATTEMPT_LIMITS, createAttempts, type AttemptLimits } from './attempts.ts';
import { hashPassword, PASSWORD_LENGTH_MIN, passwordProblem, verifyNobody, verifyPassword } from './passwords.ts';
import type { AccountsPort, Role, SessionRow, TokenRow } from './ports.ts';

export interface Caller {
  readonly name: string;
  readonly role: Role;
  /** 'cookie' is sent by browsers unasked, so it needs CSRF protection; 'token' is not. */
  readonly by: 'cookie' | 'token';
  /** When a person last did something with this session, to `touchEveryMs`; what a page does by itself does not count. */
  readonly usedAtMs: number;
  /** Of the session or the token: to tell two sessions of one person apart without naming the secret. */
  readonly key: string;
  /** One that can be changed here: not with a link, a token, or another system's account. */
  readonly hasPassword: boolean;
}

export interface AuthLimits {
  /** Of passwords that are chosen from now on. */
  readonly passwordLengthMin: number;
  /** Long enough to walk to the other screen. */
  readonly linkLifeMs: number;
  readonly linkCountMax: number;
  /** A reading shift. */
  readonly sessionLifeMs: number;
  /** A reading room screen left alone. The page's own refreshes do not count as use. */
  readonly sessionIdleMs: number;
  /** The registry syncs each write: last use is noted this often at most. */
  readonly touchEveryMs: number;
}

export const AUTH_LIMITS: AuthLimits = {
  passwordLengthMin: PASSWORD_LENGTH_MIN,
  linkLifeMs: 15 * 60_000,
  linkCountMax: 50,
  sessionLifeMs: 12 * 60 * 60_000,
  sessionIdleMs: 2 * 60 * 60_000,
  touchEveryMs: 60_000,
};

export interface Auth {
  readonly passwordLengthMin: number;
  /** A one-time link's secret: print `<page address>/sign-in?link=<secret>`. */
  issueLink(grant: { readonly name: string; readonly role: Role }): string;
  redeemLink(link: string, from: string): string;
  /** The new session's cookie value. Throws `credentials-wrong` or `too-many-attempts`. */
  signIn(name: string, password: string, from: string): Promise<string>;
  /** For who was checked elsewhere: the new session's cookie value. */
  enter(user: { readonly name: string; readonly role: Role }, by: SessionRow['by'], from: string): string;
  /** Ends all sessions of the person and starts one anew: its cookie value. Throws `credentials-wrong`, `password-weak`. */
  changePassword(caller: Caller, before: string, after: string, from: string): Promise<string>;
  signOut(cookieValue: string, from: string): void;
  callerOfCookie(cookieValue: string, use: 'active' | 'background'): Caller | undefined;
  callerOfToken(token: string, from: string): Caller | undefined;
  /** A new token; shown once. */
  issueToken(grant: { readonly name: string; readonly role: Role; readonly lifeMs?: number }): string;
  /** A token chosen elsewhere (the data folder's secrets), valid as long as this process: it is not kept. */
  acceptToken(token: string, grant: { readonly name: string; readonly role: Role }): void;
}

export interface AuthOptions {
  readonly accounts: AccountsPort;
  readonly audit: Audit;
  readonly now: () => number;
  readonly limits?: Partial<AuthLimits>;
  readonly attemptLimits?: AttemptLimits;
}

/** Sessions from a link that is made out to no user; a colon cannot be in a user's name. */
const LINK_PREFIX = 'link:';

const secret = (): string => randomBytes(32).toString('base64url');
export const hashSecret = (value: string): string => createHash('sha256').update(value).digest('hex');

export function createAuth(options: AuthOptions): Auth {
  const { accounts, audit, now } = options;
  const limits = { ...AUTH_LIMITS, ...options.limits };
  const perSource = options.attemptLimits ?? ATTEMPT_LIMITS;
  const attempts = createAttempts(perSource);
  /** A clinic behind one address mistypes together; and nobody may lock a reader out from afar with five guesses. */
  const attemptsByAddress = createAttempts({ ...perSource, freeCount: perSource.freeCount * 4 });
  const attemptsByName = createAttempts({ ...perSource, freeCount: perSource.freeCount * 10 });
  const acceptedTokens = new Map<string, TokenRow>();
  const links = new Map<string, { name: string; role: Role; expiresAtMs: number }>();

  const startSession = (name: string, role: Role, by: SessionRow['by'], from: string): string => {
    const value = secret();
    accounts.removeSessionsBefore(now() - limits.sessionIdleMs);
    accounts.saveSession({ idHash: hashSecret(value), name, role, by, from, createdAtMs: now(), lastSeenAtMs: now() });
    audit.record({ event: 'sign-in', who: shownName(name), from, outcome: 'done', details: { by, role } });
    return value;
  };

  /** Counts what was tried for a name; throws while it is locked. */
  const countsFor = (name: string, from: string) => {
    // As the registry folds names: "Linh" and "linh" are one user, and share one count.
    const who = name.normalize('NFKC').trim().toLowerCase();
    const counts = [[attempts, `${who} ${from}`], [attemptsByAddress, from], [attemptsByName, who]] as const;
    if (counts.some(([count, key]) => count.lockedForMs(key, now()) > 0)) refuse('too-many-attempts', name, from);
    return {
      fail(): never {
        if (counts.map(([count, key]) => count.fail(key, now())).some(Boolean)) lockedOut(name, from);
        return refuse('credentials-wrong', name, from);
      },
      succeed() {
        // The address keeps its count: one known password must not buy an attacker free guesses at others.
        attempts.succeed(`${who} ${from}`);
        attemptsByName.succeed(who);
      },
    };
  };

  const evenWithoutDisk = (note: () => void): void => {
    try {
      note();
    } catch (error) {
      if (!isStorageTrouble(error)) throw error;
    }
  };

  const refuse = (code: 'link-invalid' | 'credentials-wrong' | 'too-many-attempts', who: string, from: string): never => {
    audit.record({ event: 'sign-in-refused', who, from, outcome: 'refused', details: { code } });
    throw new FirstreadError(code);
  };

  const lockedOut = (who: string, from: string): void => audit.record({ event: 'locked-out', who, from, outcome: 'refused' });

  /** For secrets of 256 bits: whoever has one gets in, guessing only makes the guesser wait. */
  const guessed = (what: 'link' | 'token', from: string): 'wrong' | 'locked' => {
    const key = `${what} ${from}`;
    if (attempts.lockedForMs(key, now()) > 0) return 'locked';
    if (attempts.fail(key, now())) lockedOut('-', from);
    return 'wrong';
  };

  const auth: Auth = {
    passwordLengthMin: limits.passwordLengthMin,

    issueLink(grant) {
      for (const [key, link] of links) if (link.expiresAtMs <= now() || links.size >= limits.linkCountMax) links.delete(key);
      const value = secret();
      links.set(hashSecret(value), { ...grant, expiresAtMs: now() + limits.linkLifeMs });
      audit.record({ event: 'link-issued', who: grant.name, outcome: 'done', details: { role: grant.role } });
      return value;
    },

    redeemLink(value, from) {
      const hash = hashSecret(value);
      const link = links.get(hash);
      links.delete(hash);
      if (link === undefined || link.expiresAtMs <= now()) {
        return refuse(guessed('link', from) === 'locked' ? 'too-many-attempts' : 'link-invalid', '-', from);
      }
      // Made out to a user, it signs in that user: their role, and not where they are disabled.
      const user = accounts.user(link.name);
      if (user?.disabled === true) return refuse('link-invalid', link.name, from);
      return user === undefined ? startSession(LINK_PREFIX + link.name, link.role, 'link', from) : startSession(user.name, user.role, 'link', from);
    },

    async signIn(name, password, from) {
      const counts = countsFor(name.slice(0, 64), from);
      const user = accounts.user(name);
      const hash = user?.disabled === true ? undefined : user?.passwordHash;
      const right = hash === undefined ? await verifyNobody(password) : await verifyPassword(password, hash);
      if (!right || user === undefined) return counts.fail();
      counts.succeed();
      return startSession(user.name, user.role, 'password', from);
    },

    enter: (user, by, from) => startSession(user.name, user.role, by, from),

    async changePassword(caller, before, after, from) {
      const user = caller.hasPassword ? accounts.user(caller.name) : undefined;
      if (user?.passwordHash === undefined) throw new FirstreadError('not-allowed');
      // A session left open must not become a place to guess the password at.
      const counts = countsFor(user.name, from);
      if (!(await verifyPassword(before, user.passwordHash))) return counts.fail();
      counts.succeed();
      const problem = before === after ? 'same' : passwordProblem(user.name, after, limits.passwordLengthMin)?.code;
      if (problem !== undefined) throw new FirstreadError('password-weak', undefined, { problem });
      const passwordHash = await hashPassword(after);
      const still = accounts.user(user.name);
      if (still === undefined || still.disabled === true) throw new FirstreadError('not-signed-in');
      accounts.saveUser({ ...still, passwordHash });
      accounts.removeSessionsOf(user.name);
      audit.record({ event: 'password-changed', who: user.name, from, outcome: 'done' });
      return startSession(still.name, still.role, 'password', from);
    },

    signOut(cookieValue, from) {
      const session = accounts.session(hashSecret(cookieValue));
      if (session === undefined) return;
      accounts.removeSession(session.idHash);
      audit.record({ event: 'sign-out', who: shownName(session.name), from, outcome: 'done' });
    },

    callerOfCookie(cookieValue, use) {
      const idHash = hashSecret(cookieValue);
      const session = accounts.session(idHash);
      if (session === undefined) return undefined;
      const ended = now() - session.createdAtMs >= limits.sessionLifeMs || now() - session.lastSeenAtMs >= limits.sessionIdleMs;
      const user = session.name.startsWith(LINK_PREFIX) ? undefined : accounts.user(session.name);
      const gone = !session.name.startsWith(LINK_PREFIX) && (user === undefined || user.disabled === true);
      if (ended || gone) {
        // With a full disk its row stays, and is refused again.
        evenWithoutDisk(() => accounts.removeSession(idHash));
        return undefined;
      }
      const isTouched = use === 'active' && now() - session.lastSeenAtMs >= limits.touchEveryMs;
      // With a full disk the list can still be read: the session then ends a little early.
      if (isTouched) evenWithoutDisk(() => accounts.saveSession({ ...session, lastSeenAtMs: now() }));
      // A role taken away is gone at once, not at the next sign-in.
      return { name: shownName(session.name), role: user?.role ?? session.role, by: 'cookie', usedAtMs: isTouched ? now() : session.lastSeenAtMs, key: idHash.slice(0, 16), hasPassword: session.by === 'password' && user?.passwordHash !== undefined };
    },

    callerOfToken(token, from) {
      const row = acceptedTokens.get(hashSecret(token)) ?? accounts.token(hashSecret(token));
      if (row === undefined || (row.expiresAtMs !== undefined && row.expiresAtMs <= now())) {
        if (guessed('token', from) === 'locked') throw new FirstreadError('too-many-attempts');
        return undefined;
      }
      return { name: row.name, role: row.role, by: 'token', usedAtMs: now(), key: row.tokenHash.slice(0, 16), hasPassword: false };
    },

    issueToken(grant) {
      const token = `frd_${secret()}`;
      accounts.saveToken({
        tokenHash: hashSecret(token), name: grant.name, role: grant.role, createdAtMs: now(),
        ...(grant.lifeMs === undefined ? {} : { expiresAtMs: now() + grant.lifeMs }),
      });
      audit.record({ event: 'token-issued', who: grant.name, outcome: 'done', details: { role: grant.role } });
      return token;
    },

    acceptToken(token, grant) {
      acceptedTokens.set(hashSecret(token), { tokenHash: hashSecret(token), ...grant, createdAtMs: now() });
    },
  };
  return auth;
}

const shownName = (sessionName: string): string => (sessionName.startsWith(LINK_PREFIX) ? sessionName.slice(LINK_PREFIX.length) : sessionName);
