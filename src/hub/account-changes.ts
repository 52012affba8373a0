/**
 * What the command line did to accounts, into the audit trail. The trail has one writer, the hub; commands leave a note in
 * the registry, beside a running hub or without one, and it is taken up within seconds or at the next start.
 */
import { userInfo } from 'node:os';
import type { Audit } from '../ops/audit.ts';
import type { Log } from '../ops/log.ts';
import type { AccountChange, AccountRows } from '../registry/account-rows.ts';

const LOOK_EVERY_MS = 2_000;

/** Whoever may write the data folder, by the operating system's name. */
export function commandLineUser(): string {
  try {
    return `command line (${userInfo().username})`;
  } catch {
    return 'command line'; // a container's user may have no name
  }
}

type Rows = Pick<AccountRows, 'accountChanges' | 'forgetAccountChanges'>;

export function followAccountChanges(rows: Rows, audit: Pick<Audit, 'record'>, log: Pick<Log, 'write'>, everyMs = LOOK_EVERY_MS): () => void {
  const taken = (): void => {
    const changes = rows.accountChanges();
    for (const change of changes) audit.record(factsOf(change));
    // After they are written: twice in the trail is better than never.
    if (changes.length > 0) rows.forgetAccountChanges(changes.at(-1)!.id);
  };
  /** A full disk ends no hub: the notes stay, and are taken up when there is room. */
  const take = (): void => {
    try {
      taken();
    } catch (error) {
      log.write('storage-failed', { reason: 'account-changes', error });
    }
  };
  take();
  const timer = setInterval(take, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    take();
  };
}

const EVENTS = { 'token added': 'token-issued', 'token revoked': 'token-revoked' } as const;

function factsOf({ atMs, by, what, name, role }: AccountChange): Parameters<Audit['record']>[0] {
  const event = Object.hasOwn(EVENTS, what) ? EVENTS[what as keyof typeof EVENTS] : what === 'sessions ended' ? 'session-ended' : 'user-saved';
  return { event, who: by, outcome: 'done', details: { change: what, name, ...(role === undefined ? {} : { role }), at: new Date(atMs).toISOString() } };
}
