/** The setting `oidcRoles`: which group of the sign-in provider has which role. A worker is no person. */
import { FirstreadError } from '../errors.ts';

export type OidcRolesSetting = Readonly<Record<string, 'reader' | 'technologist' | 'operator' | 'admin'>>;

const ROLES = ['reader', 'technologist', 'operator', 'admin'];
const GROUP_COUNT_MAX = 200;

export function checkOidcRoles(value: unknown): OidcRolesSetting {
  const wrong = (what: string): never => {
    throw new FirstreadError('config-invalid', `expected {"group": "${ROLES.join(' | ')}"}: ${what}`);
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('it is no object');
  const entries = Object.entries(value);
  if (entries.length > GROUP_COUNT_MAX) return wrong(`more than ${GROUP_COUNT_MAX} groups`);
  for (const [group, role] of entries) {
    if (group === '' || group.length > 200) return wrong('a group\'s name has 1 to 200 characters');
    if (typeof role !== 'string' || !ROLES.includes(role)) return wrong(`${JSON.stringify(group)} has no such role`);
  }
  return Object.freeze(Object.fromEntries(entries)) as OidcRolesSetting;
}
