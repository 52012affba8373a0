/** The table of roles, and that docs/operations.md says the same. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mayDo, PERMITTED, PERSON_ROLES, ROLES, type Permission } from '../../src/api/roles.ts';

const documented = new Map(
  [...readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8').matchAll(/^\| [^|]+ \| `([a-z-]+)` \| ([✓–]) \| ([✓–]) \| ([✓–]) \| ([✓–]) \|$/gm)]
    .map(([, permission, ...marks]) => [permission, PERSON_ROLES.filter((_role, at) => marks[at] === '✓')]),
);

describe('roles', () => {
  test('the table in the documentation is the table in the code', () => {
    const ofPeople = Object.fromEntries(Object.entries(PERMITTED).filter(([, roles]) => !roles.includes('worker')));
    expect(Object.fromEntries(documented)).toEqual(ofPeople);
  });

  test('a technologist gets films in and decides nothing about them', () => {
    const may = (Object.keys(PERMITTED) as Permission[]).filter((permission) => mayDo('technologist', permission));
    expect(may).toEqual(['view-worklist', 'view-study', 'prioritise', 'view-devices', 'retry-quarantine']);
  });

  test('a worker has its one right, and nobody shares it', () => {
    expect((Object.keys(PERMITTED) as Permission[]).filter((permission) => mayDo('worker', permission))).toEqual(['fetch-instances']);
    expect(ROLES.filter((role) => mayDo(role, 'fetch-instances'))).toEqual(['worker']);
  });
});
