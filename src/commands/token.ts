/** `firstread token`: API tokens, for scripts and for workers on other machines. Only hashes are kept. */
import { existsSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { FirstreadError } from '../errors.ts';
import type { Role } from '../api/ports.ts';
import { ROLES } from '../api/roles.ts';
import { dataFolder, makeDataFolder } from '../hub/data-folder.ts';
import { commandLineUser } from '../hub/account-changes.ts';
import { createAccountsPort } from '../hub/accounts-port.ts';
import { openRegistry } from '../registry/registry.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';

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
  const folder = dataFolder(loaded.config.data);
  if (action === 'add') makeDataFolder(folder);
  else if (!existsSync(folder.registry)) throw new FirstreadError('config-invalid', `there is no registry in ${folder.root}; is --data right?`);
  const registry = openRegistry(folder.registry);
  try {
    switch (action) {
      case 'add': {
        const role = values.role as Role | undefined;
        if (role === undefined || !ROLES.includes(role)) throw new FirstreadError('usage', `--role is one of ${ROLES.join(', ')}`);
        const days = values.days === undefined ? undefined : Number(values.days);
        if (days !== undefined && !(days > 0)) throw new FirstreadError('usage', '--days is a number of days');
        const token = randomBytes(32).toString('base64url');
        const createdAtMs = Date.now();
        createAccountsPort(registry, Date.now).saveToken({
          tokenHash: createHash('sha256').update(token).digest('hex'),
          name: values.name ?? role,
          role,
          createdAtMs,
          ...(days === undefined ? {} : { expiresAtMs: createdAtMs + days * DAY_MS }),
        });
        registry.noteAccountChange({ atMs: createdAtMs, by: commandLineUser(), what: 'token added', name: values.name ?? role, role });
        io.stdout.write(`${token}\n`);
        return 0;
      }
      case 'list':
        io.stdout.write(formatTable(['name', 'role', 'made', 'last used'], registry.credentials('token').map((token) => [token.name, token.role, day(token.createdAtMs), day(token.lastUsedAtMs)])));
        return 0;
      case 'revoke': {
        const known = registry.credentials('token').filter((token) => token.name === name);
        if (known.length === 0) throw new FirstreadError('usage', `there is no token named ${JSON.stringify(name ?? '')}; \`firstread token list\` shows them`);
        for (const token of known) registry.revokeCredential(token.secretSha256);
        registry.noteAccountChange({ atMs: Date.now(), by: commandLineUser(), what: 'token revoked', name: name! });
        io.stdout.write(`${known.length} revoked\n`);
        return 0;
      }
      default:
        throw new FirstreadError('usage', 'the first argument is add, list or revoke');
    }
  } finally {
    registry.close();
  }
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
