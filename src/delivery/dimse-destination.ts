/**
 * A PACS by C-STORE: one association for a batch, every object in the transfer syntax that it lies in. Originals are
 * never transcoded. The same SOP class is offered once more in Implicit VR Little Endian, which every archive must take:
 * our own reports go in it where nothing else is accepted, and for originals a refusal can be told apart: not this
 * class, or only not this transfer syntax.
 */
import type { ConnectionOptions } from 'node:tls';
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts';
import { AssociationError } from '../dimse/association-error.ts';
import { openAssociation } from '../dimse/scu.ts';
import type { Association, ScuTimeouts } from '../dimse/scu.ts';
import type { Destination, DeliverySession, DeliverySource, DueDelivery, SendOutcome, Subject, Unreachable } from './destination.ts';
import { toImplicitVr } from './implicit-vr.ts';
import { contextNotAccepted, judgeAnswer, judgeNoAssociation } from './store-verdict.ts';
import { openStoredObject, unreadableObject } from './stored-object.ts';
import type { StoredObject } from './stored-object.ts';

/** PS3.8: odd identifiers 1–255. */
const CONTEXTS_MAX = 128;

export const DELIVERY_TIMEOUTS: ScuTimeouts = {
  connectTimeoutMs: 10_000, // a PACS on the hospital's network answers in milliseconds
  associateTimeoutMs: 15_000, // one that accepts connections and then says nothing is hanging
  responseTimeoutMs: 60_000, // an archive that compresses before it answers; with the longest backoff still within two minutes
  sendTimeoutMs: 30_000, // no bytes taken for so long
};

export interface DimseDestinationOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly source: DeliverySource;
  readonly timeouts?: Partial<ScuTimeouts>;
  /** Present: TLS. */
  readonly tls?: ConnectionOptions;
}

type Opened = { readonly kind: 'stored'; readonly stored: StoredObject } | { readonly kind: 'unreadable'; readonly error: unknown };

export function createDimseDestination(options: DimseDestinationOptions): Destination {
  const { name, host, port, calledAeTitle, callingAeTitle, source, tls } = options;

  async function open(deliveries: readonly DueDelivery[], signal: AbortSignal): Promise<DeliverySession | Unreachable> {
    const opened = new Map<number, Opened>();
    for (const delivery of deliveries) opened.set(delivery.id, await tryOpen(source, delivery));
    const contexts = presentationContexts(opened.values());
    // Nothing of the batch can be read: no reason to bother the peer.
    if (contexts.length === 0) return session(undefined, opened, signal);
    const attempt = openAssociation({
      host,
      port,
      calledAeTitle,
      callingAeTitle,
      presentationContexts: contexts,
      timeouts: { ...DELIVERY_TIMEOUTS, ...options.timeouts },
      ...(tls === undefined ? {} : { tls }),
    });
    try {
      return session(await unlessAborted(attempt, signal), opened, signal);
    } catch (error) {
      if (error instanceof AssociationError) return judgeNoAssociation(error, options);
      if (signal.aborted) return { kind: 'unreachable', permanent: false, code: 'given-up', text: 'given up at shutdown' };
      throw error;
    }
  }

  return { name, open };
}

function session(association: Association | undefined, opened: ReadonlyMap<number, Opened>, signal: AbortSignal): DeliverySession {
  const drop = (): void => association?.abort();
  signal.addEventListener('abort', drop, { once: true });
  return {
    kind: 'open',
    async send(delivery) {
      const object = opened.get(delivery.id);
      if (object === undefined || association === undefined || object.kind === 'unreadable') {
        return { kind: 'refused', ...unreadableObject(object?.kind === 'unreadable' ? object.error : undefined) };
      }
      return store(association, object.stored, delivery);
    },
    async close() {
      await association?.release();
      signal.removeEventListener('abort', drop);
    },
  };
}

async function store(association: Association, stored: StoredObject, { subject, isOtherBytes, doubtfulAnswers = 0 }: DueDelivery): Promise<SendOutcome> {
  const { sopClassUid, sopInstanceUid } = stored;
  const accepted = association.contexts.filter((context) => context.abstractSyntaxUid === sopClassUid).map((context) => context.transferSyntaxUid);
  const transferSyntaxUid = [stored.transferSyntaxUid, ...(mayRewrite(subject, stored) ? [IMPLICIT_VR_LITTLE_ENDIAN] : [])].find((uid) => accepted.includes(uid));
  if (transferSyntaxUid === undefined) return contextNotAccepted(sopClassUid, stored.transferSyntaxUid, accepted.length > 0);
  let isOnItsWay = false;
  try {
    const dataSet = transferSyntaxUid === stored.transferSyntaxUid ? stored.dataSet() : toImplicitVr(await whole(stored.dataSet()));
    isOnItsWay = true;
    return judgeAnswer(await association.cStore({ sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet }), { doubtfulAnswers, isOtherBytes: isOtherBytes === true });
  } catch (error) {
    if (error instanceof AssociationError) return { kind: 'lost', code: error.code, text: error.message };
    const unreadable = unreadableObject(error);
    // Our own file failed in the middle: half a message went out, so the association is over too.
    return isOnItsWay ? { kind: 'lost', code: unreadable.code, text: unreadable.text } : { kind: 'refused', ...unreadable };
  }
}

/** What we wrote ourselves may be written in another way; what a modality wrote may not. */
function mayRewrite(subject: Subject, stored: StoredObject): boolean {
  return subject === 'report' && stored.transferSyntaxUid === EXPLICIT_VR_LITTLE_ENDIAN;
}

/** Reports are a few kilobytes, their pictures 3 MiB. */
async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const held: Uint8Array[] = [];
  for await (const piece of pieces) held.push(piece);
  return Buffer.concat(held);
}

async function tryOpen(source: DeliverySource, delivery: DueDelivery): Promise<Opened> {
  try {
    return { kind: 'stored', stored: await openStoredObject(source, delivery) };
  } catch (error) {
    return { kind: 'unreadable', error };
  }
}

/** Each pair of SOP class and stored transfer syntax; then, as far as there is room, each class in the default syntax. */
function presentationContexts(opened: Iterable<Opened>): { abstractSyntaxUid: string; transferSyntaxUids: readonly string[] }[] {
  const pairs = new Map<string, { abstractSyntaxUid: string; transferSyntaxUids: readonly string[] }>();
  const propose = (abstractSyntaxUid: string, transferSyntaxUid: string): void => {
    const key = `${abstractSyntaxUid} ${transferSyntaxUid}`;
    if (pairs.size < CONTEXTS_MAX || pairs.has(key)) pairs.set(key, { abstractSyntaxUid, transferSyntaxUids: [transferSyntaxUid] });
  };
  const stored = [...opened].flatMap((object) => (object.kind === 'stored' ? [object.stored] : []));
  for (const { sopClassUid, transferSyntaxUid } of stored) propose(sopClassUid, transferSyntaxUid);
  for (const { sopClassUid } of stored) propose(sopClassUid, IMPLICIT_VR_LITTLE_ENDIAN);
  return [...pairs.values()];
}

/** The association, unless `signal` is aborted first: then it is ended as soon as it comes about. */
async function unlessAborted(attempt: Promise<Association>, signal: AbortSignal): Promise<Association> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => {
    reject(new Error('given up'));
    attempt.then((association) => association.abort(), () => {});
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([attempt, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
