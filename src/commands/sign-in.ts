/** `firstread sign-in`: a fresh one-time link to the running hub's page. */
import { FirstreadError } from '../errors.ts';
import { readHubAddress } from '../hub/data-folder.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { siteFolder } from './site-folder.ts';

export const help = `usage: firstread sign-in [--name NAME] [--role ROLE] [--data DIR]

Prints a one-time link that signs in to the page of the hub that runs on this data folder. Valid for 15 minutes.

  --name NAME   who comes in by it; a user of this name comes in as that user, with their role
  --role ROLE   reader, technologist, operator or admin (default)
`;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, loaded } = parseCommand(argv, { name: { type: 'string' }, role: { type: 'string' } });
  const hub = readHubAddress(siteFolder(loaded));
  if (hub === undefined) throw new FirstreadError('hub-unreachable', `no hub runs on ${loaded.config.data}: start \`firstread serve --data ${loaded.config.data}\`, or name another folder with --data`);
  const answer = await fetch(`${hub.httpUrl}/api/sign-in-links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hub.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: values.name ?? 'local', role: values.role ?? 'admin' }),
  }).catch((error: unknown) => {
    throw new FirstreadError('hub-unreachable', `the hub at ${hub.httpUrl} does not answer`, {}, error);
  });
  if (!answer.ok) throw new FirstreadError('usage', `the hub refused (${answer.status}): --name is letters and digits, --role is reader, technologist, operator or admin`);
  const { path } = (await answer.json()) as { path: string };
  io.stdout.write(`${hub.pageUrl}${path}\n`);
  return 0;
}
