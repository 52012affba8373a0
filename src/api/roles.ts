/** Who may do what, as a table. Leaves out rights per patient: a reader of a site reads for the whole site. */
import type { Role } from './ports.ts';

export type Permission =
  | 'view-worklist' | 'view-study' | 'mark-read' | 'prioritise' | 'acknowledge'
  | 'view-operations' | 'manage-accounts' | 'fetch-instances';

const EVERYONE_BUT_WORKERS: readonly Role[] = ['reader', 'operator', 'admin'];

export const PERMITTED: Readonly<Record<Permission, readonly Role[]>> = {
  'view-worklist': EVERYONE_BUT_WORKERS,
  'view-study': EVERYONE_BUT_WORKERS,
  // Taking a study off the list is a reading decision, not a technical one.
  'mark-read': ['reader', 'admin'],
  'prioritise': EVERYONE_BUT_WORKERS,
  'acknowledge': EVERYONE_BUT_WORKERS,
  'view-operations': ['operator', 'admin'],
  'manage-accounts': ['admin'],
  // A worker token opens pixels and nothing else; nobody else needs the raw files.
  'fetch-instances': ['worker'],
};

export const ROLES: readonly Role[] = ['reader', 'operator', 'admin', 'worker'];

export const mayDo = (role: Role, permission: Permission): boolean => PERMITTED[permission].includes(role);
