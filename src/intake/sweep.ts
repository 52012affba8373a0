/**
 * Brings spool and registry together after a crash, in the background, a file at a time. A file that the registry has
 * marked as removed is finished off. A file that the registry does not know is never deleted: it is recorded, as if it
 * had been received now. That happens after a kill between rename and commit (the sender was not told 0000H and sends
 * again: a duplicate), and after an older registry was restored from a backup (the sender has long forgotten).
 */
import { parseDataSet } from '../dicom/data-set.ts';
import { codeString } from '../dicom/element-values.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts';
import { FirstreadError } from '../errors.ts';
import { dataSetOffsetOf, fileKeyOf } from './file-key.ts';
import { readObjectHeader } from './read-object-header.ts';
import { RECEIVE_LIMITS, type Registrar } from './receive.ts';
import type { Spool } from './spool.ts';

export type FileStanding = 'kept' | 'removed' | 'unknown';

export interface SweepParts {
  readonly spool: Spool;
  /** What the registry says about a file. */
  readonly standingOf: (fileKey: string) => FileStanding;
  readonly registrar: Registrar;
  /** Resolves also when there is none. */
  readonly removePreview: (fileKey: string) => Promise<void>;
  readonly now: () => number;
  /** An unknown file younger than this may be about to be recorded. */
  readonly ageMsMin?: number;
  /** A file that could not be dealt with; the sweep goes on. */
  readonly onTrouble: (fileKey: string, error: unknown) => void;
  /** Aborted: the file under way is finished, nothing more is begun. */
  readonly signal?: AbortSignal;
}

export interface SweepReport {
  readonly fileCount: number;
  readonly adopted: readonly string[];
  readonly finishedOff: readonly string[];
  readonly troubled: readonly string[];
}

/** One minute: far longer than from rename to commit. */
const AGE_MS_MIN = 60_000;
/** The first bytes of a file are enough for its meta and most headers. */
const HEAD_BYTES = 256 * 1024;
/** Behind the preamble and "DICM". */
const META_OFFSET = 132;
/** After so many files the event loop gets a turn. */
const FILES_PER_TURN = 64;

export async function sweepSpool(parts: SweepParts): Promise<SweepReport> {
  const { spool, standingOf, now } = parts;
  const adopted: string[] = [];
  const finishedOff: string[] = [];
  const troubled: string[] = [];
  let fileCount = 0;

  for await (const { fileKey, modifiedAtMs } of spool.keys('instances')) {
    if (parts.signal?.aborted === true) break;
    if (++fileCount % FILES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    const standing = standingOf(fileKey);
    if (standing === 'kept' || (standing === 'unknown' && now() - modifiedAtMs < (parts.ageMsMin ?? AGE_MS_MIN))) continue;
    try {
      await spool.exclusively(fileKey, async () => {
        // Asked again in its turn: it may have been recorded or sent again meanwhile.
        const standingNow = standingOf(fileKey);
        if (standingNow === 'removed') {
          await parts.removePreview(fileKey);
          await spool.remove('instances', fileKey);
          finishedOff.push(fileKey);
        } else if (standingNow === 'unknown') {
          await adopt(parts, fileKey);
          adopted.push(fileKey);
        }
      });
    } catch (error) {
      troubled.push(fileKey);
      parts.onTrouble(fileKey, error);
    }
  }
  return { fileCount, adopted, finishedOff, troubled };
}

async function adopt({ spool, registrar, now }: SweepParts, fileKey: string): Promise<void> {
  const head = await spool.read('instances', fileKey, 0, HEAD_BYTES);
  const dataSetOffset = dataSetOffsetOf(head);
  const meta = parseDataSet(head.subarray(META_OFFSET, dataSetOffset), EXPLICIT_VR_LITTLE_ENDIAN);
  const metaText = (tag: number): string => codeString(meta, tag) ?? '';
  const announced = { sopClassUid: metaText(0x00020002), sopInstanceUid: metaText(0x00020003), transferSyntaxUid: metaText(0x00020010) };
  const contentSha256 = await spool.contentHash('instances', fileKey);
  if (contentSha256 === undefined || fileKeyOf(announced.sopInstanceUid, announced.transferSyntaxUid, contentSha256) !== fileKey) {
    throw new FirstreadError('data-set-damaged', 'the file does not hold what its name says');
  }
  const byteLength = (await spool.byteLength('instances', fileKey)) - dataSetOffset;
  const received = {
    head: head.subarray(dataSetOffset),
    byteLength,
    reread: (lengthMax: number) => spool.read('instances', fileKey, dataSetOffset, lengthMax),
  };
  const header = await readObjectHeader(received, announced, RECEIVE_LIMITS.headerBytesMax);
  await spool.syncName('instances', fileKey);
  const origin = { callingAeTitle: metaText(0x00020016), calledAeTitle: '', remoteAddress: '', receivedAtMs: now() };
  await registrar.record({ header, origin, contentSha256, fileKey, byteLength });
}
