/** Claims that nobody renewed: taken off the list, told to the pages, kept in the audit trail. */
import type { Live } from '../api/live.ts';
import type { Audit } from '../ops/audit.ts';
import type { Log } from '../ops/log.ts';
import type { Registry } from '../registry/registry.ts';

export interface ClaimSweepParts {
  readonly registry: Pick<Registry, 'sweepClaims'>;
  readonly live: Pick<Live, 'changed'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly log: Pick<Log, 'write'>;
  readonly now: () => number;
}

/** A lapsed claim counts for nothing at once; the pages may hear of it so much later. */
const SWEEP_EVERY_MS = 5_000;

export function sweepClaims({ registry, live, audit, log, now }: ClaimSweepParts): void {
  try {
    for (const { studyInstanceUid, by } of registry.sweepClaims(now())) {
      audit.record({ event: 'claim-lapsed', who: by, outcome: 'done', studyInstanceUid });
      live.changed(studyInstanceUid);
    }
  } catch (error) {
    log.write('storage-failed', { reason: 'claims', error });
  }
}

export function startClaimSweep(parts: ClaimSweepParts): { stop(): void } {
  const timer = setInterval(() => sweepClaims(parts), SWEEP_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}
