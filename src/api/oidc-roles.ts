/**
 * From what an OpenID Connect provider says of a person to a role here (PURE). No group that is mapped: no role, and no
 * way in. Leaves out default roles: a directory of a whole hospital must not become a list of readers by itself.
 */
import type { Role } from './ports.ts';

export type RoleMapping = Readonly<Record<string, Role>>;
export type Claims = Readonly<Record<string, unknown>>;

/** Who is in several groups gets the first of these. */
const PRECEDENCE: readonly Role[] = ['admin', 'reader', 'operator', 'technologist'];
const GROUP_COUNT_MAX = 1_000;

/** A claim by its name, or by a path (`realm_access.roles`): names with dots in them (`https://…`) come first. */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split('.').reduce<unknown>((value, key) => (typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Claims)[key] : undefined), claims);
}

export function roleOf(claims: Claims, roleClaim: string, mapping: RoleMapping): Role | undefined {
  const value = claimAt(claims, roleClaim);
  const groups = (Array.isArray(value) ? value.slice(0, GROUP_COUNT_MAX) : [value]).filter((group): group is string => typeof group === 'string');
  const roles = groups.filter((group) => Object.hasOwn(mapping, group)).map((group) => mapping[group]!);
  return PRECEDENCE.find((role) => roles.includes(role));
}

/** What the person is called here: in the journal, the audit trail and beside a claim. Undefined where nothing will do. */
export function nameOf(claims: Claims): string | undefined {
  const asked = [claims['preferred_username'], claims['email'], claims['sub']];
  // A name of a local user's shape: it is shown, logged and typed on the command line.
  return asked.find((name): name is string => typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name));
}
