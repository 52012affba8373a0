/**
 * Who may do what, as a table; docs/operations.md shows it in words and a test holds the two together.
 * Leaves out rights per patient: a reader of a site reads for the whole site.
 */
import type { Role } from './ports.ts';

export type Permission =
  | 'view-worklist' | 'view-study' | 'mark-read' | 'claim' | 'give-feedback' | 'prioritise' | 'acknowledge'
  | 'view-devices' | 'retry-quarantine' | 'view-operations' | 'manage-operations' | 'manage-accounts' | 'fetch-instances';

const EVERYONE_BUT_WORKERS: readonly Role[] = ['reader', 'technologist', 'operator', 'admin'];
/** What a study means is said by those who read it. */
const WHO_READS: readonly Role[] = ['reader', 'admin'];

export const PERMITTED: Readonly<Record<Permission, readonly Role[]>> = {
  'view-worklist': EVERYONE_BUT_WORKERS,
  // A technologist must see the film that could not be analysed to know whether to take it again.
  'view-study': EVERYONE_BUT_WORKERS,
  // Taking a study off the list is a reading decision, not a technical one.
  'mark-read': WHO_READS,
  'claim': WHO_READS,
  'give-feedback': WHO_READS,
  // Never loses anything: a study comes earlier. The one who took the film knows who is in a bad way.
  'prioritise': EVERYONE_BUT_WORKERS,
  // Says that a human has looked at what the machine could not: a reader, or who mends the machine.
  'acknowledge': ['reader', 'operator', 'admin'],
  // Devices, refused attempts, quarantine, turnaround: what a technologist needs to get a film in.
  'view-devices': ['technologist', 'operator', 'admin'],
  'retry-quarantine': ['technologist', 'operator', 'admin'],
  // Deliveries, metrics, the feedback file, model cards.
  'view-operations': ['operator', 'admin'],
  // What can lose something or changes the list for all: dropping a delivery, dismissing from quarantine, switching a model.
  'manage-operations': ['operator', 'admin'],
  'manage-accounts': ['admin'],
  // A worker token opens pixels and nothing else; nobody else needs the raw files.
  'fetch-instances': ['worker'],
};

export const ROLES: readonly Role[] = ['reader', 'technologist', 'operator', 'admin', 'worker'];

/** Roles of people; a worker is a process. */
export const PERSON_ROLES: readonly Role[] = EVERYONE_BUT_WORKERS;

export const mayDo = (role: Role, permission: Permission): boolean => PERMITTED[permission].includes(role);
