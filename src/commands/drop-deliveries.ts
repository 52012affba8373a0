/** Giving up what has not arrived at a destination: through the running hub, or directly, and audited, where none runs. */
import { FirstreadError } from '../errors.ts';
import { lockDataFolder, readHubAddress } from '../hub/data-folder.ts';
import type { DataFolder, HubAddress } from '../hub/data-folder.ts';
import { readOrMakeSecrets } from '../hub/secrets.ts';
import { createAudit } from '../ops/audit.ts';
import { openRegistry } from '../registry/registry.ts';

export async function dropDeliveries(folder: DataFolder, destination: string, by: string, reason: string): Promise<number> {
  const hub = readHubAddress(folder);
  return hub === undefined ? dropHere(folder, destination, by, reason) : askHub(hub, destination, `${by}: ${reason}`);
}

function dropHere(folder: DataFolder, destination: string, by: string, reason: string): number {
  const lock = lockDataFolder(folder);
  const registry = openRegistry(folder.registry);
  const audit = createAudit({ folder: folder.audit, now: Date.now, key: Buffer.from(readOrMakeSecrets(folder.root).auditKey, 'hex') });
  try {
    const waiting = (['failed', 'pending'] as const).flatMap((state) => registry.deliveriesIn(state, Number.MAX_SAFE_INTEGER, 0, destination));
    const count = waiting.filter(({ id }) => registry.dropDelivery(id, by, reason, Date.now()) !== undefined).length;
    if (count > 0) audit.record({ event: 'delivery-dropped', who: by, from: 'command line', outcome: 'done', details: { destination, count, reason } });
    return count;
  } finally {
    audit.close();
    registry.close();
    lock.release();
  }
}

/** The hub knows the command line as itself: who typed it stands in the reason. */
async function askHub(hub: HubAddress, destination: string, reason: string): Promise<number> {
  const answer = await fetch(`${hub.httpUrl}/api/operations/deliveries/drop`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hub.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ destination, reason: reason.slice(0, 200) }),
  }).catch((error: unknown) => {
    throw new FirstreadError('hub-unreachable', `the hub at ${hub.httpUrl} does not answer`, {}, error);
  });
  if (answer.status === 404) return 0;
  if (!answer.ok) throw new FirstreadError('hub-unreachable', `the hub refused: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { count: number }).count;
}
