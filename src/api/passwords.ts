/**
 * Users with passwords: scrypt from node:crypto with OWASP's parameters of least memory (N 2^15, r 8, p 3: 32 MiB, about
 * 0.3 s, as strong as its N 2^17, p 1), one at a time: a flood of sign-ins may take one of libuv's threads, not the ones that sync the spool.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { FirstreadError } from '../errors.ts';
import { isForbiddenPassword } from './forbidden-passwords.ts';
import type { AccountsPort, Role } from './ports.ts';

interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

export const SCRYPT_COST: ScryptCost = { N: 2 ** 15, r: 8, p: 3 };
/** OWASP ASVS 5 6.2.1 asks for 8, better 15; no rules about signs (NIST SP 800-63B-4 3.1.1). A setting. */
export const PASSWORD_LENGTH_MIN = 12;
export const PASSWORD_LENGTH_MAX = 256;
export const USER_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const HASH_CONCURRENCY_MAX = 1;
const HASH_WAITING_MAX = 20;

export async function hashPassword(password: string, cost: ScryptCost = SCRYPT_COST): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  return `scrypt$${cost.N}$${cost.r}$${cost.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [kind, n, r, p, salt, hash] = stored.split('$');
  if (kind !== 'scrypt' || salt === undefined || hash === undefined || password.length > PASSWORD_LENGTH_MAX) return false;
  const expected = Buffer.from(hash, 'base64url');
  const derived = await derive(password, Buffer.from(salt, 'base64url'), { N: Number(n), r: Number(r), p: Number(p) });
  return derived.length === expected.length && timingSafeEqual(derived, expected);
}

let decoy: Promise<string> | undefined;

/** As long as a true check takes: an unknown name must not answer faster. */
export async function verifyNobody(password: string): Promise<false> {
  decoy ??= hashPassword(randomBytes(12).toString('hex'));
  await verifyPassword(password, await decoy);
  return false;
}

export interface PasswordProblem {
  readonly code: 'short' | 'long' | 'common' | 'name';
  readonly text: string;
}

/** Why this password will not do; undefined where it will. */
export function passwordProblem(name: string, password: string, lengthMin = PASSWORD_LENGTH_MIN): PasswordProblem | undefined {
  const { length } = [...password.normalize('NFC')];
  if (length < lengthMin) return { code: 'short', text: `at least ${lengthMin} characters` };
  if (password.length > PASSWORD_LENGTH_MAX) return { code: 'long', text: `at most ${PASSWORD_LENGTH_MAX} characters` };
  if (isForbiddenPassword(password)) return { code: 'common', text: 'it is among the first that are tried; take a few words that do not belong together' };
  if (name.length > 2 && password.toLowerCase().includes(name.toLowerCase())) return { code: 'name', text: 'it must not contain the name' };
  return undefined;
}

/** For the command line: adds the user or gives an existing one a new password and role. */
export async function addUser(accounts: AccountsPort, user: { readonly name: string; readonly role: Role; readonly password: string }, lengthMin = PASSWORD_LENGTH_MIN): Promise<void> {
  if (!USER_NAME.test(user.name)) throw new FirstreadError('request-invalid', 'a user name has 1 to 64 letters, digits, dots, dashes, underscores or @');
  const problem = passwordProblem(user.name, user.password, lengthMin);
  if (problem !== undefined) throw new FirstreadError('password-weak', `the password will not do: ${problem.text}`);
  accounts.saveUser({ name: user.name, role: user.role, passwordHash: await hashPassword(user.password) });
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, cost: ScryptCost): Promise<Buffer> {
  if (running >= HASH_CONCURRENCY_MAX) {
    if (waiting.length >= HASH_WAITING_MAX) throw new FirstreadError('too-many-attempts');
    await new Promise<void>((go) => waiting.push(go));
  } else {
    running += 1;
  }
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      // NFC: the same password typed on a Mac and on Windows.
      scrypt(password.normalize('NFC'), salt, 32, { ...cost, maxmem: 256 * cost.N * cost.r }, (error, key) => (error === null ? resolve(key) : reject(error)));
    });
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}
