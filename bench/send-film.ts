/** A film over a DICOM association, with the moments that benches need. Times are `Date.now()` with fractions. */
import type { Association } from '../src/dimse/scu.ts';
import { openAssociation } from '../src/dimse/scu.ts';
import type { FilmObject } from './films.ts';
import { FILM_KINDS, FILM_SOP_CLASS_UID } from './films.ts';

export const clockMs = (): number => performance.timeOrigin + performance.now();

export interface Sent {
  /** When the last fragment was handed to the socket: at most one PDU early, which counts against the hub. */
  readonly lastByteAtMs: number;
  /** When 0000H had come: durable. */
  readonly acknowledgedAtMs: number;
}

/** Handed over at once: small enough that the loop of a bench that also watches stays responsive. */
const CHUNK_BYTES = 1024 * 1024;

export const openSender = (port: number, callingAeTitle = 'BENCH'): Promise<Association> =>
  openAssociation({
    host: '127.0.0.1',
    port,
    callingAeTitle,
    calledAeTitle: 'FIRSTREAD',
    presentationContexts: Object.values(FILM_KINDS).map((uid) => ({ abstractSyntaxUid: FILM_SOP_CLASS_UID, transferSyntaxUids: [uid] })),
  });

/** Throws where the hub refuses it. */
export async function sendFilm(association: Association, object: FilmObject): Promise<Sent> {
  let lastByteAtMs = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield object.head;
    const { tail } = object.film;
    for (let at = 0; at < tail.length; at += CHUNK_BYTES) yield tail.subarray(at, at + CHUNK_BYTES);
    lastByteAtMs = clockMs();
  }
  const { status } = await association.cStore({ sopClassUid: FILM_SOP_CLASS_UID, sopInstanceUid: object.sopInstanceUid, transferSyntaxUid: object.film.transferSyntaxUid, dataSet: chunks() });
  if (status !== 0) throw new Error(`C-STORE answered ${status.toString(16)}H`);
  return { lastByteAtMs, acknowledgedAtMs: clockMs() };
}
