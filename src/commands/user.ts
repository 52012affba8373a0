/** `firstread user`: who may sign in to the page with a password. No default user, no default password. */
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { FirstreadError } from '../errors.ts';
import { addUser } from '../api/passwords.ts';
import type { Role } from '../api/ports.ts';
import { PERSON_ROLES } from '../api/roles.ts';
import { createAccountsPort } from '../hub/accounts-port.ts';
import { dataFolder, makeDataFolder } from '../hub/data-folder.ts';
import { openRegistry } from '../registry/registry.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';

export const help = `usage: firstread user add NAME --role ROLE [--data DIR]       (the password is read from standard input)
       firstread user list [--data DIR]
       firstread user disable NAME [--data DIR]

Users of the page. An existing user gets the new password and role. Works beside a running hub.

  --role ROLE   reader (default), technologist, operator or admin; who may do what: docs/operations.md
`;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { role: { type: 'string' } }, 2);
  const [action, name] = positionals;
  const folder = dataFolder(loaded.config.data);
  if (action === 'add') makeDataFolder(folder);
  else if (!existsSync(folder.registry)) throw new FirstreadError('config-invalid', `there is no registry in ${folder.root}; is --data right?`);
  const registry = openRegistry(folder.registry);
  const accounts = createAccountsPort(registry, Date.now);
  try {
    if (action === 'list') {
      io.stdout.write(formatTable(['name', 'role', 'state'], registry.users().map((user) => [user.name, user.role, user.disabled ? 'disabled' : 'active'])));
      return 0;
    }
    if (action !== 'add' && action !== 'disable') throw new FirstreadError('usage', 'the first argument is add, list or disable');
    if (name === undefined || name.trim() === '') throw new FirstreadError('usage', 'name the user');
    if (action === 'disable') {
      const known = registry.userByName(name);
      if (known === undefined) throw new FirstreadError('usage', `there is no user ${JSON.stringify(name)}`);
      registry.changeUser(known.id, { disabled: true });
      for (const session of registry.credentials('session')) if (session.name === known.name) registry.revokeCredential(session.secretSha256);
      io.stdout.write(`${known.name} can no longer sign in\n`);
      return 0;
    }
    const role = (values.role ?? 'reader') as Role;
    if (!PERSON_ROLES.includes(role)) throw new FirstreadError('usage', `--role is one of ${PERSON_ROLES.join(', ')}`);
    await addUser(accounts, { name, role, password: await readPassword(io) });
    io.stdout.write(`${name} can sign in as ${role}\n`);
    return 0;
  } finally {
    registry.close();
  }
}

/** From a pipe as its first line; on a terminal without showing it. */
async function readPassword(io: CommandIo): Promise<string> {
  const isTerminal = process.stdin.isTTY === true;
  if (isTerminal) io.stderr.write('password (at least 10 characters): ');
  const lines = createInterface({ input: process.stdin, terminal: isTerminal, ...(isTerminal ? { output: undefined } : {}) });
  try {
    const { value } = await lines[Symbol.asyncIterator]().next();
    if (isTerminal) io.stderr.write('\n');
    return String(value ?? '');
  } finally {
    lines.close();
  }
}
