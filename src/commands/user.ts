/** `firstread user`: who may sign in to the page, and where they are signed in. No default user, no default password. */
import { createInterface } from 'node:readline/promises';
import { FirstreadError } from '../errors.ts';
import { addUser } from '../api/passwords.ts';
import type { Role } from '../api/ports.ts';
import { PERSON_ROLES } from '../api/roles.ts';
import type { Config } from '../config/config.ts';
import { commandLineUser } from '../hub/account-changes.ts';
import { createAccountsPort } from '../hub/accounts-port.ts';
import type { AccountChange, UserRecord } from '../registry/account-rows.ts';
import { openRegistry } from '../registry/registry.ts';
import type { Registry } from '../registry/registry.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { siteFolder, siteFolderOrBegun } from './site-folder.ts';

export const help = `usage: firstread user add NAME --role ROLE [--data DIR]       (the password is read from standard input)
       firstread user list [--data DIR]
       firstread user disable NAME | enable NAME [--data DIR]
       firstread user sessions [NAME] [--end] [--data DIR]

Users of the page. \`add\` gives an existing user the new password and role. Works beside a running hub: what changes
takes effect at the next click. Users of the hospital's sign-in (oidcIssuer) appear here once they have come in.

  --role ROLE   reader (default), technologist, operator or admin; who may do what: docs/operations.md
  --end         ends the sessions of NAME, wherever they are
`;

const ACTIONS = ['add', 'list', 'disable', 'enable', 'sessions'];

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { role: { type: 'string' }, end: { type: 'boolean' } }, 2);
  const [action, name = ''] = positionals;
  if (action === undefined || !ACTIONS.includes(action)) throw new FirstreadError('usage', `the first argument is ${ACTIONS.join(', ')}`);
  if (action === 'add') checkRole(values.role ?? 'reader');
  const isOfAll = action === 'list' || (action === 'sessions' && positionals.length === 1 && values.end !== true);
  if (!isOfAll && name.trim() === '') throw new FirstreadError('usage', 'name the user');
  const folder = action === 'add' ? siteFolderOrBegun(loaded, io) : siteFolder(loaded);
  const registry = openRegistry(folder.registry);
  try {
    if (action === 'list') io.stdout.write(formatTable(['name', 'role', 'signs in with', 'state'], registry.users().map((user) => [user.name, user.role, waysOf(user), user.disabled ? 'disabled' : 'active'])));
    else if (isOfAll) io.stdout.write(sessionTable(registry, () => true));
    else if (action === 'add') await add(registry, name, values.role ?? 'reader', loaded.config, io);
    else if (action === 'sessions') sessions(registry, name, values.end === true, io);
    else {
      const { id, name: known } = userNamed(registry, name);
      registry.changeUser(id, { disabled: action === 'disable' });
      if (action === 'disable') createAccountsPort(registry, Date.now).removeSessionsOf(known);
      note(registry, action === 'disable' ? 'user disabled' : 'user enabled', known);
      io.stdout.write(action === 'disable' ? `${known} can no longer sign in, and is signed out\n` : `${known} can sign in again\n`);
    }
    return 0;
  } finally {
    registry.close();
  }
}

/** For the audit trail, which the hub alone writes. */
function note(registry: Registry, what: AccountChange['what'], name: string, role?: string): void {
  registry.noteAccountChange({ atMs: Date.now(), by: commandLineUser(), what, name, ...(role === undefined ? {} : { role }) });
}

function userNamed(registry: Registry, name: string): UserRecord {
  const known = registry.userByName(name);
  if (known === undefined) throw new FirstreadError('usage', `there is no user ${JSON.stringify(name)}; \`firstread user list\` shows them`);
  return known;
}

const waysOf = ({ passwordHash, profile }: UserRecord): string =>
  [passwordHash === undefined ? undefined : 'password', profile['issuer'] === undefined ? undefined : String(profile['issuer'])].filter(Boolean).join(', ');

function checkRole(role: string): void {
  if (!PERSON_ROLES.includes(role as Role)) throw new FirstreadError('usage', `--role is one of ${PERSON_ROLES.join(', ')}`);
}

async function add(registry: Registry, name: string, role: string, config: Config, io: CommandIo): Promise<void> {
  const password = await readPassword(io, config.passwordLengthMin);
  const isNew = registry.userByName(name) === undefined;
  await addUser(createAccountsPort(registry, Date.now), { name, role: role as Role, password }, config.passwordLengthMin);
  note(registry, isNew ? 'user added' : 'user changed', name, role);
  io.stdout.write(`${name} can sign in as ${role}\n`);
}

/** One-time links sign in people who are no users: `NAME` is then what the link was made for. */
function sessions(registry: Registry, name: string, end: boolean, io: CommandIo): void {
  const folded = name.normalize('NFKC').trim().toLowerCase();
  const isTheirs = (sessionName: string): boolean => sessionName.replace(/^link:/, '').toLowerCase() === folded;
  if (!end) return void io.stdout.write(sessionTable(registry, isTheirs));
  const theirs = registry.credentials('session').filter((session) => isTheirs(session.name));
  for (const session of theirs) registry.revokeCredential(session.secretSha256);
  if (theirs.length > 0) note(registry, 'sessions ended', name);
  io.stdout.write(`${theirs.length} ${theirs.length === 1 ? 'session' : 'sessions'} ended\n`);
}

function sessionTable(registry: Registry, wanted: (name: string) => boolean): string {
  const rows = registry.credentials('session').filter((session) => wanted(session.name));
  if (rows.length === 0) return 'nobody is signed in\n';
  return formatTable(
    ['name', 'role', 'by', 'from', 'since', 'last used'],
    rows.map(({ name, role, detail, createdAtMs, lastUsedAtMs }) => [name.replace(/^link:/, ''), registry.userByName(name)?.role ?? role, String(detail['by'] ?? '-'), String(detail['from'] ?? '-'), minute(createdAtMs), minute(lastUsedAtMs)]),
  );
}

const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/** From a pipe as its first line; on a terminal without showing it. */
async function readPassword(io: CommandIo, lengthMin: number): Promise<string> {
  const isTerminal = process.stdin.isTTY === true;
  if (isTerminal) io.stderr.write(`password (at least ${lengthMin} characters): `);
  const lines = createInterface({ input: process.stdin, terminal: isTerminal, ...(isTerminal ? { output: undefined } : {}) });
  try {
    const { value } = await lines[Symbol.asyncIterator]().next();
    if (isTerminal) io.stderr.write('\n');
    return String(value ?? '');
  } finally {
    lines.close();
  }
}
