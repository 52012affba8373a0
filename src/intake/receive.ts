/**
 * The story of one C-STORE: admitted → streamed to disk → understood → durable → recorded → 0000H.
 *
 * The order is the promise. 0000H is answered only when the file's bytes and name are synced and the registry has
 * committed; whatever goes wrong before that is answered with the catalogue's status, and the sender keeps its copy.
 * A file that is durable but could not be recorded stays: the commit may have happened, and adopt-orphans finds it.
 */
import { encodeFileMeta } from '../dicom/part10.ts';
import type { StoreReceiver, StoreRequest, StoreSink, StoreStatus } from '../dimse/store-port.ts';
import { ERRORS, type ErrorCode, FirstreadError } from '../errors.ts';
import type { InstanceHeader, InstanceOrigin } from '../study/types.ts';
import { type AdmissionPolicy, refuseObject } from './admission.ts';
import { fileKeyOf } from './file-key.ts';
import type { FreeSpace } from './free-space.ts';
import { type AnnouncedObject, readObjectHeader } from './read-object-header.ts';
import type { Spool } from './spool.ts';
import { type SpoolWriter, asStorageFailure } from './spool-writer.ts';

/** An object that lies in the spool, durable, and is about to be recorded. */
export interface StoredInstance {
  readonly header: InstanceHeader;
  readonly origin: InstanceOrigin;
  readonly contentSha256: string;
  readonly fileKey: string;
  /** Of the data set as received, without preamble and file meta. */
  readonly byteLength: number;
}

export type RecordedAs = 'stored' | 'duplicate' | 'same-uid-other-bytes';

/** PORT to the registry. Resolves only after the commit is durable. */
export interface Registrar {
  record(stored: StoredInstance): Promise<RecordedAs>;
}

/** What became of one C-STORE; for log, metrics and the list of refusals. */
export type StoreOutcome =
  | { readonly kind: RecordedAs; readonly request: StoreRequest; readonly stored: StoredInstance; readonly stages: StoreStages }
  | { readonly kind: 'refused'; readonly request: StoreRequest; readonly code: ErrorCode; readonly byteLength: number; readonly error?: unknown }
  | { readonly kind: 'aborted'; readonly request: StoreRequest; readonly why: string; readonly byteLength: number };

/** Where the time after the last byte goes. */
export interface StoreStages {
  readonly flushMs: number;
  readonly syncMs: number;
  readonly keepMs: number;
  readonly recordMs: number;
}

export interface ReceiveLimits {
  /** How far into an object the end of its header (pixel data, or groups past 0040) may lie; into what comes out of it, where it is deflated. */
  readonly headerBytesMax: number;
}

export const RECEIVE_LIMITS: ReceiveLimits = {
  /** 64 MiB: icons, private raw blocks and overlays before the pixels; read one object at a time. */
  headerBytesMax: 64 * 1024 * 1024,
};

export interface StoreSinkParts {
  readonly spool: Spool;
  readonly registrar: Registrar;
  readonly admission: AdmissionPolicy;
  readonly freeSpace: FreeSpace;
  readonly limits?: ReceiveLimits;
  readonly now: () => number;
  readonly onOutcome?: (outcome: StoreOutcome) => void;
}

export const SUCCESS: StoreStatus = { status: 0x0000 };

export function createStoreSink(parts: StoreSinkParts): StoreSink {
  const { spool, registrar, admission, freeSpace, now } = parts;
  const { headerBytesMax } = parts.limits ?? RECEIVE_LIMITS;
  const tell = (outcome: StoreOutcome): void => {
    try {
      parts.onOutcome?.(outcome);
    } catch {
      // A journal that fails (a full disk, for one) must not turn a kept object into a refused one, or the other way round.
    }
  };
  let longHeaders: Promise<void> = Promise.resolve();

  /** Long headers are read again from the file one at a time, and each let go before the next: many of them together stay within one limit. */
  function understand(writer: SpoolWriter, announced: AnnouncedObject): Promise<InstanceHeader> {
    const { promise: understood, resolve } = Promise.withResolvers<void>();
    const reread = async (lengthMax: number): Promise<Uint8Array> => {
      const before = longHeaders;
      longHeaders = understood;
      await before;
      return writer.reread(lengthMax);
    };
    return readObjectHeader({ head: writer.head(), byteLength: writer.byteLength, reread }, announced, headerBytesMax).finally(resolve);
  }

  return {
    begin(request: StoreRequest): StoreReceiver | StoreStatus {
      const announced = { sopClassUid: request.affectedSopClassUid, sopInstanceUid: request.affectedSopInstanceUid, transferSyntaxUid: request.transferSyntaxUid };
      const refusal = refuseObject(admission, announced.sopClassUid, announced.sopInstanceUid) ?? (freeSpace.hasRoom(0) ? undefined : 'storage-full');
      if (refusal !== undefined) {
        tell({ kind: 'refused', request, code: refusal, byteLength: 0 });
        return statusOf(refusal);
      }
      const fileMeta = encodeFileMeta({ ...announced, sourceAeTitle: request.callingAeTitle });
      const writer = spool.begin(fileMeta);
      let ended = false;

      return {
        write(fragment) {
          freeSpace.spent(fragment.byteLength);
          if (!freeSpace.hasRoom(0)) writer.fail(new FirstreadError('storage-full'));
          return writer.write(fragment);
        },

        async commit() {
          ended = true;
          let isKept = false;
          try {
            const startedAtMs = now();
            const contentSha256 = await writer.flush();
            const flushedAtMs = now();
            const { byteLength } = writer;
            // Parsing costs nothing here: the disk is busy with the sync meanwhile.
            const [synced, understood] = await Promise.allSettled([writer.sync(), understand(writer, announced)]);
            if (synced.status === 'rejected') throw synced.reason;
            if (understood.status === 'rejected') throw understood.reason;
            const syncedAtMs = now();
            const fileKey = fileKeyOf(announced.sopInstanceUid, announced.transferSyntaxUid, contentSha256);
            const { stored, kind, keptAtMs } = await spool.exclusively(fileKey, async () => {
              await spool.keep(writer, fileKey, contentSha256);
              isKept = true;
              const keptAtMs = now();
              const origin = { callingAeTitle: request.callingAeTitle, calledAeTitle: request.calledAeTitle, remoteAddress: request.remoteAddress, receivedAtMs: keptAtMs };
              const stored: StoredInstance = { header: understood.value, origin, contentSha256, fileKey, byteLength };
              return { stored, keptAtMs, kind: await registrar.record(stored) };
            });
            const stages = { flushMs: flushedAtMs - startedAtMs, syncMs: syncedAtMs - flushedAtMs, keepMs: keptAtMs - syncedAtMs, recordMs: now() - keptAtMs };
            tell({ kind, request, stored, stages });
            return SUCCESS;
          } catch (error) {
            const { code } = asStorageFailure(error);
            tell({ kind: 'refused', request, code, byteLength: writer.byteLength, error });
            return statusOf(code);
          } finally {
            await (isKept ? writer.release() : spool.discard(writer));
          }
        },

        async abort(why) {
          if (ended) return;
          ended = true;
          tell({ kind: 'aborted', request, why, byteLength: writer.byteLength });
          await spool.discard(writer);
        },
      };
    },
  };
}

function statusOf(code: ErrorCode): StoreStatus {
  const entry = ERRORS[code];
  // A code without a DICOM status of its own is a failure on our side: processing failure, A700H, try again.
  return { status: 'dicomStatus' in entry ? entry.dicomStatus! : 0xa700, errorComment: entry.meaning.slice(0, 64) };
}
