/** `firstread deliveries`: what goes where, what failed and why; and trying failed ones again. */
import { existsSync } from 'node:fs';
import { FirstreadError } from '../errors.ts';
import { dataFolder } from '../hub/data-folder.ts';
import type { DeliveryState } from '../registry/report-rows.ts';
import { openRegistry } from '../registry/registry.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';

export const help = `usage: firstread deliveries [--data DIR] [--state pending|failed|sent] [--json]
       firstread deliveries retry [DESTINATION] [--data DIR]

Shows reports and originals on their way to the configured destinations: pending, failed (and what to change), sent.
"retry" tries failed ones again, after the cause was mended; the running hub picks them up within seconds.
`;

const SHOWN_MAX = 1_000;
const STATES: readonly DeliveryState[] = ['failed', 'pending', 'sent', 'verified'];

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { state: { type: 'string' }, json: { type: 'boolean' } }, 2);
  const folder = dataFolder(loaded.config.data);
  if (!existsSync(folder.registry)) throw new FirstreadError('config-invalid', `there is no registry in ${folder.root}; is --data right?`);
  const [action, destination] = positionals;
  if (action !== undefined && action !== 'retry') throw new FirstreadError('usage', 'the only action is retry');
  const wanted = values.state === undefined ? STATES : STATES.filter((state) => state === values.state);
  if (wanted.length === 0) throw new FirstreadError('usage', `--state is one of ${STATES.join(', ')}`);
  const registry = openRegistry(folder.registry, { readOnly: action !== 'retry' });
  try {
    if (action === 'retry') {
      const known = registry.deliveries('failed', 1_000_000).map((row) => row.destination);
      if (destination !== undefined && !known.includes(destination)) throw new FirstreadError('usage', `nothing failed for ${JSON.stringify(destination)}; there are failed deliveries to: ${[...new Set(known)].join(', ') || 'nobody'}`);
      const failed = registry.deliveries('failed', Number.MAX_SAFE_INTEGER).filter((row) => destination === undefined || row.destination === destination);
      const again = failed.filter(({ id }) => registry.retryDelivery(id, Date.now())).length;
      io.stdout.write(`${again} to be tried again\n`);
      return 0;
    }
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
