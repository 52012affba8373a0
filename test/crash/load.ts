/** Senders that never give up, and what they were told: the acknowledged set of the oracle. */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { readPart10 } from '../../src/dicom/part10.ts';
import { openAssociation } from '../../src/dimse/scu.ts';
import { smallChest } from '../e2e/small-chest.ts';

export interface SentObject {
  readonly sopInstanceUid: string;
  readonly contentSha256: string;
}

export interface Load {
  /** Answered 0000H: must never be lost. */
  readonly acknowledged: ReadonlyMap<string, SentObject>;
  readonly attemptCount: () => number;
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly senders: number;
  /** Where to send now; changes when the hub comes back on another port. */
  readonly port: () => number | undefined;
  readonly run: string;
  /** Between two objects of one sender. */
  readonly pauseMs?: number;
}

const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const EXPLICIT = '1.2.840.10008.1.2.1';

export function startLoad({ senders, port, run, pauseMs = 0 }: LoadOptions): Load {
  const acknowledged = new Map<string, SentObject>();
  let stopped = false;
  let attempts = 0;

  async function sender(number: number): Promise<void> {
    let association: Awaited<ReturnType<typeof openAssociation>> | undefined;
    for (let at = 0; !stopped; ) {
      const to = port();
      if (to === undefined) {
        await pause(20);
        continue;
      }
      // Every tenth object is a second image of the study before: a revision.
      const key = `${run}-${number}-${at}`;
      const bytes = smallChest({ key, studyKey: at % 10 === 9 ? `${run}-${number}-${at - 1}` : key });
      const dataSet = bytes.subarray(readPart10(bytes).dataSetOffset);
      const sopInstanceUid = readPart10(bytes).meta.sopInstanceUid as string;
      try {
        attempts++;
        association ??= await openAssociation({
          host: '127.0.0.1',
          port: to,
          callingAeTitle: `LOAD${number}`,
          calledAeTitle: 'FIRSTREAD',
          presentationContexts: [{ abstractSyntaxUid: DX, transferSyntaxUids: [EXPLICIT] }],
          timeouts: { connectTimeoutMs: 1_000, associateTimeoutMs: 3_000, responseTimeoutMs: 10_000 },
        });
        const { status } = await association.cStore({ sopClassUid: DX, sopInstanceUid, transferSyntaxUid: EXPLICIT, dataSet });
        if (status === 0) {
          acknowledged.set(sopInstanceUid, { sopInstanceUid, contentSha256: createHash('sha256').update(dataSet).digest('hex') });
          at++;
          if (pauseMs > 0) await pause(pauseMs);
        } else await pause(50);
      } catch {
        // The same object again, as a modality would.
        association?.abort();
        association = undefined;
        await pause(30);
      }
    }
    await association?.release();
  }

  const running = Array.from({ length: senders }, (_, number) => sender(number));
  return {
    acknowledged,
    attemptCount: () => attempts,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
