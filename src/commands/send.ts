/** `firstread send`: C-STORE of DICOM files, each in the transfer syntax it is stored in, byte for byte. */
import { readFileSync } from 'node:fs';
import { FirstreadError } from '../errors.ts';
import { judgeStoreStatus } from '../dimse/association-error.ts';
import { openAssociation } from '../dimse/scu.ts';
import { readInstanceHeader } from '../dicom/instance-header.ts';
import { readPart10 } from '../dicom/part10.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { DIMSE_PEER_OPTIONS, parsePeer } from './dimse-peer.ts';
import type { DimsePeer } from './dimse-peer.ts';
import { findFiles } from './find-files.ts';

export const help = `usage: firstread send HOST:PORT FILE|FOLDER… [--called AE] [--calling AE] [--associations N]

Sends DICOM files with C-STORE, unchanged. Folders are searched. Exit code 0 when every file was stored.

  --called AE         application entity title of the peer (default ANY-SCP)
  --calling AE        our own title (default: the setting aeTitle)
  --associations N    send over N associations at once (default 1, at most 64)
`;

/** What is needed to propose a file; its bytes are read again when it is sent. */
export interface Sendable {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

export interface SendProgress {
  readonly path: string;
  readonly status?: number;
  readonly error?: string;
}

/** One proposal holds 128 presentation contexts (odd identifiers up to 255). */
const CONTEXTS_PER_ASSOCIATION = 128;

export function readSendable(path: string): Sendable {
  const { meta, dataSet } = readPart10(readFileSync(path));
  const header = readInstanceHeader(dataSet, meta);
  if (header.sopInstanceUid === '' || header.sopClassUid === '') throw new FirstreadError('not-dicom', 'it names no SOP class and instance');
  return { path, sopClassUid: header.sopClassUid, sopInstanceUid: header.sopInstanceUid, transferSyntaxUid: meta.transferSyntaxUid };
}

/** Sends over one association at a time; a broken one is opened again for the files that are left. */
export async function sendAll(peer: DimsePeer, files: readonly Sendable[], tell: (progress: SendProgress) => void): Promise<void> {
  const left = [...files];
  while (left.length > 0) {
    const contexts = new Map<string, { abstractSyntaxUid: string; transferSyntaxUids: string[] }>();
    const batch: Sendable[] = [];
    while (left[0] !== undefined) {
      const key = `${left[0].sopClassUid} ${left[0].transferSyntaxUid}`;
      if (!contexts.has(key) && contexts.size === CONTEXTS_PER_ASSOCIATION) break;
      contexts.set(key, { abstractSyntaxUid: left[0].sopClassUid, transferSyntaxUids: [left[0].transferSyntaxUid] });
      batch.push(left.shift() as Sendable);
    }
    await sendBatch(peer, batch, [...contexts.values()], tell);
  }
}

async function sendBatch(peer: DimsePeer, batch: readonly Sendable[], presentationContexts: { abstractSyntaxUid: string; transferSyntaxUids: string[] }[], tell: (progress: SendProgress) => void): Promise<void> {
  let association: Awaited<ReturnType<typeof openAssociation>> | undefined;
  for (const file of batch) {
    try {
      association ??= await openAssociation({ ...peer, presentationContexts });
      const bytes = readFileSync(file.path);
      const { status } = await association.cStore({ ...file, dataSet: bytes.subarray(readPart10(bytes).dataSetOffset) });
      tell({ path: file.path, status });
    } catch (error) {
      if (!(error instanceof FirstreadError)) throw error;
      tell({ path: file.path, error: error.message });
      if (error.code !== 'context-not-accepted') association = undefined;
    }
  }
  await association?.release();
}

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { ...DIMSE_PEER_OPTIONS, associations: { type: 'string' } }, Number.MAX_SAFE_INTEGER);
  const peer = parsePeer(positionals[0], values, loaded.config.aeTitle);
  const associations = Number(values.associations ?? 1);
  if (!Number.isInteger(associations) || associations < 1 || associations > 64) throw new FirstreadError('usage', '--associations is a number from 1 to 64');
  if (positionals.length < 2) throw new FirstreadError('usage', 'name the files or folders to send');

  let failed = 0;
  let stored = 0;
  const sendable: Sendable[] = [];
  const paths = findFiles(positionals.slice(1));
  if (paths.length === 0) throw new FirstreadError('usage', `there are no files in ${positionals.slice(1).join(', ')}`);
  for (const path of paths) {
    try {
      sendable.push(readSendable(path));
    } catch (error) {
      if (!(error instanceof FirstreadError)) throw error;
      failed++;
      io.stderr.write(`${path}: not sent: ${error.message}\n`);
    }
  }
  const shares = Array.from({ length: associations }, (_, k) => sendable.filter((_file, index) => index % associations === k)).filter((share) => share.length > 0);
  const tell = ({ path, status, error }: SendProgress): void => {
    if (status !== undefined && judgeStoreStatus(status) === 'stored') {
      stored++;
      if (io.stdout.isTTY) io.stdout.write(`\rsent ${stored} of ${sendable.length} `);
      return;
    }
    failed++;
    io.stderr.write(`${path}: ${error ?? `answered ${status?.toString(16).padStart(4, '0').toUpperCase()}H`}\n`);
  };
  await Promise.all(shares.map((share) => sendAll(peer, share, tell)));
  io.stdout.write(`${io.stdout.isTTY ? '\r' : ''}${stored} stored, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
