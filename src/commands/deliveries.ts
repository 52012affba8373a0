/** `firstread deliveries`: what goes where, what failed and why; trying failed ones again, and giving them up. */
import { userInfo } from 'node:os';
import { FirstreadError } from '../errors.ts';
import type { DataFolder } from '../hub/data-folder.ts';
import type { DeliveryState } from '../registry/report-rows.ts';
import { openRegistry } from '../registry/registry.ts';
import type { Registry } from '../registry/registry.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { dropDeliveries } from './drop-deliveries.ts';
import { siteFolder } from './site-folder.ts';

export const help = `usage: firstread deliveries [--data DIR] [--state pending|failed|sent|dropped] [--json]
       firstread deliveries retry [DESTINATION] [--data DIR]
       firstread deliveries drop DESTINATION --reason TEXT [--data DIR]

Shows reports and originals on their way to the configured destinations: pending, failed (and what to change), sent, dropped.
"retry" tries failed ones again, after the cause was mended; the running hub picks them up within seconds.
"drop" gives up everything that has not arrived at a destination (one that was removed, or never takes it), with a reason
for the audit trail: failed deliveries keep their studies' images from retention. Reports and images stay here.
`;

const SHOWN_MAX = 1_000;
const STATES: readonly DeliveryState[] = ['failed', 'pending', 'sent', 'verified', 'dropped'];

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { state: { type: 'string' }, json: { type: 'boolean' }, reason: { type: 'string' } }, 2);
  const folder = siteFolder(loaded);
  const [action, destination] = positionals;
  if (action !== undefined && action !== 'retry' && action !== 'drop') throw new FirstreadError('usage', 'the actions are retry and drop');
  if (action === 'drop') return drop(folder, destination, values.reason, io);
  const wanted = values.state === undefined ? STATES : STATES.filter((state) => state === values.state);
  if (wanted.length === 0) throw new FirstreadError('usage', `--state is one of ${STATES.join(', ')}`);
  const registry = openRegistry(folder.registry, { readOnly: action !== 'retry' });
  try {
    if (action === 'retry') return retry(registry, destination, new Set(loaded.config.destinations.map(({ name }) => name)), io);
    const rows = wanted.flatMap((state) => registry.deliveries(state, SHOWN_MAX));
    if (values.json) io.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    else if (rows.length === 0) io.stdout.write(loaded.config.destinations.length === 0 ? 'No deliveries (no destinations are configured).\n' : 'No deliveries.\n');
    else {
      io.stdout.write(formatTable(
        ['destination', 'what', 'state', 'tries', 'since', 'why'],
        rows.map((row) => [row.destination, row.subject === 'instance' ? 'original' : row.subject, row.state, String(row.attempts), new Date(row.createdAtMs).toISOString().slice(0, 16).replace('T', ' '), row.error ?? '']),
        [20, 10, 10, 5, 16, 100],
      ));
    }
    return 0;
  } finally {
    registry.close();
  }
}

function retry(registry: Registry, destination: string | undefined, inSettings: ReadonlySet<string>, io: CommandIo): number {
  const failed = registry.deliveries('failed', Number.MAX_SAFE_INTEGER);
  const known = failed.map((row) => row.destination);
  if (destination !== undefined && !known.includes(destination)) throw new FirstreadError('usage', `nothing failed for ${JSON.stringify(destination)}; there are failed deliveries to: ${[...new Set(known)].join(', ') || 'nobody'}`);
  const wanted = failed.filter((row) => destination === undefined || row.destination === destination);
  // Nobody sends to one that is not in the settings: its deliveries would wait for ever.
  const again = wanted.filter((row) => inSettings.has(row.destination) && registry.retryDeliveries({ id: row.id }, Date.now()) > 0).length;
  io.stdout.write(`${again} to be tried again\n`);
  const nowhere = [...new Set(wanted.map((row) => row.destination))].filter((name) => !inSettings.has(name));
  if (nowhere.length > 0) io.stdout.write(`not in the settings, so left as they are: ${nowhere.join(', ')} ("firstread deliveries drop" gives them up)\n`);
  return 0;
}

async function drop(folder: DataFolder, destination: string | undefined, given: string | undefined, io: CommandIo): Promise<number> {
  if (destination === undefined) throw new FirstreadError('usage', 'name the destination whose deliveries are given up');
  const reason = given?.trim() ?? '';
  if (reason.length < 3 || reason.length > 200) throw new FirstreadError('usage', 'say why with --reason, in 3 to 200 characters: it goes into the audit trail');
  const count = await dropDeliveries(folder, destination, userInfo().username, reason);
  if (count === 0) throw new FirstreadError('usage', `nothing is on its way to ${JSON.stringify(destination)}, and nothing failed`);
  io.stdout.write(`${count} dropped\n`);
  return 0;
}
