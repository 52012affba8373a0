/** `firstread token`: API tokens, for scripts and for workers on other machines. Only hashes are kept. */
import { createHash, randomBytes } from 'node:crypto';
import { FirstreadError } from '../errors.ts';
import type { Role } from '../api/ports.ts';
import { ROLES } from '../api/roles.ts';
import { commandLineUser } from '../hub/account-changes.ts';
import { createAccountsPort } from '../hub/accounts-port.ts';
import { openRegistry } from '../registry/registry.ts';
import type { Registry } from '../registry/registry.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { siteFolder, siteFolderOrBegun } from './site-folder.ts';

export const help = `usage: firstread token add --role ROLE [--name NAME] [--days N] [--data DIR]
       firstread token list [--data DIR]
       firstread token revoke NAME [--data DIR]

API tokens, sent as "Authorization: Bearer TOKEN". Printed once; only a hash is kept. Works beside a running hub.

  --role ROLE   reader, technologist, operator, admin, or worker (fetches images, leaves previews, nothing else)
  --name NAME   what it is for (default: the role)
  --days N      how long it is valid (default: no end)
`;

const DAY_MS = 24 * 60 * 60_000;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { role: { type: 'string' }, name: { type: 'string' }, days: { type: 'string' } }, 2);
  const [action, name] = positionals;
  if (action === 'add') {
    const role = readRole(values.role);
    const days = readDays(values.days);
    const registry = openRegistry(siteFolderOrBegun(loaded, io).registry);
    try {
      io.stdout.write(`${add(registry, values.name ?? role, role, days)}\n`);
      return 0;
    } finally {
      registry.close();
    }
  }
  if (action !== 'list' && action !== 'revoke') throw new FirstreadError('usage', 'the first argument is add, list or revoke');
  const registry = openRegistry(siteFolder(loaded).registry);
  try {
    if (action === 'list') io.stdout.write(formatTable(['name', 'role', 'made', 'last used'], registry.credentials('token').map((token) => [token.name, token.role, day(token.createdAtMs), day(token.lastUsedAtMs)])));
    else io.stdout.write(`${revoke(registry, name ?? '')} revoked\n`);
    return 0;
  } finally {
    registry.close();
  }
}

function readRole(given: string | undefined): Role {
  if (!ROLES.includes(given as Role)) throw new FirstreadError('usage', `--role is one of ${ROLES.join(', ')}`);
  return given as Role;
}

function readDays(given: string | undefined): number | undefined {
  if (given !== undefined && !(Number(given) > 0)) throw new FirstreadError('usage', '--days is a number of days');
  return given === undefined ? undefined : Number(given);
}

/** The token itself, which is kept nowhere. */
function add(registry: Registry, name: string, role: Role, days: number | undefined): string {
  const token = randomBytes(32).toString('base64url');
  const createdAtMs = Date.now();
  const tokenHash = createHash('sha256').update(token).digest('hex');
  createAccountsPort(registry, Date.now).saveToken({ tokenHash, name, role, createdAtMs, ...(days === undefined ? {} : { expiresAtMs: createdAtMs + days * DAY_MS }) });
  registry.noteAccountChange({ atMs: createdAtMs, by: commandLineUser(), what: 'token added', name, role });
  return token;
}

function revoke(registry: Registry, name: string): number {
  const known = registry.credentials('token').filter((token) => token.name === name);
  if (known.length === 0) throw new FirstreadError('usage', `there is no token named ${JSON.stringify(name)}; \`firstread token list\` shows them`);
  for (const token of known) registry.revokeCredential(token.secretSha256);
  registry.noteAccountChange({ atMs: Date.now(), by: commandLineUser(), what: 'token revoked', name });
  return known.length;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
