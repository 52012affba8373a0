/**
 * Delivery to a real PACS's stand-in: DCMTK's storescp up, down and back, refusing, aborting, killed; a socket that
 * accepts and says nothing. Objects lie in a real spool.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDimseDestination } from '../../src/delivery/dimse-destination.ts';
import type { DimseDestinationOptions } from '../../src/delivery/dimse-destination.ts';
import type { Destination } from '../../src/delivery/destination.ts';
import { createOutbox } from '../../src/delivery/outbox.ts';
import type { Outbox } from '../../src/delivery/outbox.ts';
import { encodeFileMeta, readPart10 } from '../../src/dicom/part10.ts';
import { fileKeyOf } from '../../src/intake/file-key.ts';
import { createSpool } from '../../src/intake/spool.ts';
import type { Spool } from '../../src/intake/spool.ts';
import { buildChestReport } from '../../src/report/chest-report.ts';
import type { ChestReportFacts } from '../../src/report/report-facts.ts';
import { MemoryRows, until } from '../delivery/outbox-bench.ts';
import { startStorescp } from '../delivery/storescp-peer.ts';
import type { StorescpPeer } from '../delivery/storescp-peer.ts';
import { CASES } from '../report/report-cases.ts';
import { needPeer } from './need-peer.ts';
import { freePort } from './ports.ts';

const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
const JPEG_2000_LOSSLESS = '1.2.840.10008.1.2.4.90';

let folder = '';
let spool: Spool;
let outbox: Outbox | undefined;
const peers: StorescpPeer[] = [];
const servers: Server[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'firstread-delivery-'));
  spool = await createSpool(join(folder, 'spool'));
});
afterEach(async () => {
  await outbox?.close({ graceMs: 100 });
  outbox = undefined;
  await Promise.all(peers.splice(0).map((peer) => peer.stop()));
  sockets.splice(0).forEach((socket) => socket.destroy());
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a Part 10 file into the spool; returns its key. */
async function keep(kind: 'reports' | 'instances', sopInstanceUid: string, transferSyntaxUid: string, bytes: Uint8Array): Promise<string> {
  const fileKey = fileKeyOf(sopInstanceUid, transferSyntaxUid, createHash('sha256').update(bytes).digest('hex'));
  await spool.put(kind, fileKey, bytes);
  return fileKey;
}

async function keepReport(change: Partial<ChestReportFacts> = {}): Promise<{ fileKey: string; bytes: Uint8Array; sopInstanceUid: string }> {
  const report = buildChestReport({ ...CASES['tb-flagged'], ...change } as ChestReportFacts);
  return { fileKey: await keep('reports', report.sopInstanceUid, report.transferSyntaxUid, report.bytes), bytes: report.bytes, sopInstanceUid: report.sopInstanceUid };
}

/** An original: private elements and an odd trailer included, so that any rewriting would show. */
async function keepOriginal(transferSyntaxUid: string, sopClassUid = CR_IMAGE): Promise<{ fileKey: string; dataSet: Uint8Array }> {
  const sopInstanceUid = `1.2.826.0.1.3680043.10.1462.9.${transferSyntaxUid.length}.${sopClassUid.length}`;
  const element = (group: number, number: number, vr: string, value: string): Buffer => {
    const padded = Buffer.from(value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' '), 'latin1');
    const head = Buffer.alloc(8);
    head.writeUInt16LE(group, 0);
    head.writeUInt16LE(number, 2);
    head.write(vr, 4, 'latin1');
    head.writeUInt16LE(padded.length, 6);
    return Buffer.concat([head, padded]);
  };
  const dataSet = Buffer.concat([
    element(0x0008, 0x0016, 'UI', sopClassUid),
    element(0x0008, 0x0018, 'UI', sopInstanceUid),
    element(0x0009, 0x0010, 'LO', 'A VENDOR OF ITS OWN'),
    element(0x0009, 0x1001, 'LO', 'kept as it came'),
    element(0x0010, 0x0010, 'PN', 'TEST^SYNTHETIC'),
    element(0x0020, 0x000d, 'UI', '1.2.826.0.1.3680043.10.1462.1'),
    element(0x0020, 0x000e, 'UI', '1.2.826.0.1.3680043.10.1462.2'),
  ]);
  const meta = encodeFileMeta({ transferSyntaxUid, sopClassUid, sopInstanceUid, sourceAeTitle: 'MODALITY' });
  return { fileKey: await keep('instances', sopInstanceUid, transferSyntaxUid, Buffer.concat([meta, dataSet])), dataSet };
}

async function storescp(name: string, options: readonly string[] = [], port?: number): Promise<StorescpPeer> {
  const peer = await startStorescp(join(folder, name), port ?? (await freePort()), options);
  peers.push(peer);
  return peer;
}

function pacs(port: number, options: Partial<DimseDestinationOptions> = {}): Destination {
  return createDimseDestination({ name: 'pacs', host: '127.0.0.1', port, calledAeTitle: 'PACS', callingAeTitle: 'FIRSTREAD', source: spool, ...options });
}

function start(rows: MemoryRows, ...destinations: Destination[]): void {
  outbox = createOutbox({ rows, destinations, random: () => 0, limits: { backoffMs: [20, 50, 100], pollMs: 20 } });
}

const allEnded = (rows: MemoryRows) => (): boolean => rows.rows.every((row) => row.state !== 'pending');
const dataSetOf = (file: Buffer): Buffer => file.subarray(readPart10(file).dataSetOffset);

describe.runIf(needPeer('storescp'))('storescp', () => {
  it('stores reports and originals exactly as they lie in the spool', async () => {
    const peer = await storescp('up');
    const report = await keepReport();
    const original = await keepOriginal(EXPLICIT_VR_LITTLE_ENDIAN);
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: report.fileKey });
    rows.add('pacs', 1, { fileKey: original.fileKey, subject: 'instance' });
    start(rows, pacs(peer.port));
    await until(allEnded(rows), 'both sent');
    expect(rows.states()).toEqual(['sent', 'sent']);
    const received = peer.received().map((file) => dataSetOf(file).toString('hex')).sort();
    const kept = [dataSetOf(Buffer.from(report.bytes)).toString('hex'), Buffer.from(original.dataSet).toString('hex')].sort();
    expect(received).toEqual(kept);
  });

  it('down, then back: everything arrives, once', async () => {
    const port = await freePort();
    const rows = new MemoryRows();
    const uids = new Set<string>();
    for (let revision = 1; revision <= 5; revision++) {
      const report = await keepReport({ revision });
      uids.add(report.sopInstanceUid);
      rows.add('pacs', 1, { fileKey: report.fileKey });
    }
    start(rows, pacs(port));
    await until(() => rows.rows.every((row) => row.attempts >= 2), 'two failures');
    expect(rows.rows[0]!.error).toMatch(/ECONNREFUSED/);
    const peer = await storescp('back', [], port);
    await until(allEnded(rows), 'all sent');
    expect(rows.states()).toEqual(Array(5).fill('sent'));
    const received = peer.received().map((file) => readPart10(file).meta.sopInstanceUid);
    expect(received).toHaveLength(5);
    expect(new Set(received)).toEqual(uids);
  });

  it('killed in the middle of the night and started again', async () => {
    const port = await freePort();
    const first = await storescp('night', [], port);
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: (await keepReport()).fileKey });
    start(rows, pacs(port));
    await until(() => rows.states()[0] === 'sent', 'the first');
    await first.stop();
    rows.add('pacs', 1, { fileKey: (await keepReport({ revision: 2 })).fileKey });
    await until(() => rows.rows[1]!.attempts > 0, 'a failure');
    await storescp('night', [], port);
    await until(allEnded(rows), 'the second');
    expect(rows.states()).toEqual(['sent', 'sent']);
  });

  it('refusing the association for good: failed at once, with both AE titles', async () => {
    const peer = await storescp('refusing', ['--refuse']);
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: (await keepReport()).fileKey });
    start(rows, pacs(peer.port));
    await until(allEnded(rows), 'failed');
    expect(rows.rows[0]).toMatchObject({ state: 'failed', attempts: 1 });
    expect(rows.rows[0]!.error).toMatch(/rejected.*FIRSTREAD.*PACS/);
  });

  it('not taking the stored transfer syntax: failed at once, naming it; other objects of the batch arrive', async () => {
    const peer = await storescp('uncompressed-only');
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: (await keepOriginal(JPEG_2000_LOSSLESS)).fileKey, subject: 'instance' });
    rows.add('pacs', 1, { fileKey: (await keepReport()).fileKey });
    start(rows, pacs(peer.port));
    await until(allEnded(rows), 'both ended');
    expect(rows.states()).toEqual(['failed', 'sent']);
    expect(rows.rows[0]!.error).toMatch(/but not in transfer syntax JPEG 2000.*1\.2\.840\.10008\.1\.2\.4\.90/);
  });

  it('taking nothing but Implicit VR: our report is written in it, the same values', async () => {
    const peer = await storescp('implicit-only', ['+xi']);
    const report = await keepReport();
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: report.fileKey });
    rows.add('pacs', 1, { fileKey: (await keepOriginal(EXPLICIT_VR_LITTLE_ENDIAN)).fileKey, subject: 'instance' });
    start(rows, pacs(peer.port));
    await until(allEnded(rows), 'both ended');
    // The original is not ours to rewrite.
    expect(rows.states()).toEqual(['sent', 'failed']);
    const path = join(folder, 'implicit-only', readdirSync(join(folder, 'implicit-only'))[0]!);
    const kept = join(folder, 'kept.dcm');
    writeFileSync(kept, report.bytes);
    const dump = (file: string): string => spawnSync('dcmdump', ['+L', '-q', file], { encoding: 'utf8' }).stdout.split('# Dicom-Data-Set')[1]!.replace(/^# Used.*$/m, '');
    expect(dump(path)).toBe(dump(kept));
    expect(readPart10(peer.received()[0]!).meta.transferSyntaxUid).toBe('1.2.840.10008.1.2');
  });

  it('taking all transfer syntaxes: the compressed original goes as it is', async () => {
    const peer = await storescp('all-syntaxes', ['+xa']);
    const original = await keepOriginal(JPEG_2000_LOSSLESS);
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: original.fileKey, subject: 'instance' });
    start(rows, pacs(peer.port));
    await until(allEnded(rows), 'sent');
    const [file] = peer.received();
    expect(dataSetOf(file!).equals(original.dataSet)).toBe(true);
    expect(readPart10(file!).meta.transferSyntaxUid).toBe(JPEG_2000_LOSSLESS);
  });

  it('not knowing the SOP class: failed at once, naming it', async () => {
    const peer = await storescp('no-private');
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: (await keepOriginal(EXPLICIT_VR_LITTLE_ENDIAN, '1.2.3.4.5.6.7')).fileKey, subject: 'instance' });
    start(rows, pacs(peer.port));
    await until(allEnded(rows), 'failed');
    expect(rows.rows[0]).toMatchObject({ state: 'failed', error: expect.stringContaining('does not take SOP class') });
    expect(rows.rows[0]!.error).toContain('1.2.3.4.5.6.7');
  });

  it('aborting after the store: sent again under the same SOP Instance UID once it behaves', async () => {
    const port = await freePort();
    const rude = await storescp('rude', ['--abort-after'], port);
    const rows = new MemoryRows();
    const report = await keepReport();
    rows.add('pacs', 1, { fileKey: report.fileKey });
    start(rows, pacs(port));
    await until(() => rows.rows[0]!.attempts > 0, 'an aborted try');
    expect(rows.rows[0]!.error).toMatch(/abort/i);
    await rude.stop();
    const peer = await storescp('polite', [], port);
    await until(allEnded(rows), 'sent');
    expect(readPart10(peer.received()[0]!).meta.sopInstanceUid).toBe(report.sopInstanceUid);
  });

  it('a file that is gone from the spool fails, the rest arrives', async () => {
    const peer = await storescp('gap');
    const rows = new MemoryRows();
    rows.add('pacs', 1, { fileKey: 'e'.repeat(64) });
    rows.add('pacs', 1, { fileKey: (await keepReport()).fileKey });
    start(rows, pacs(peer.port));
    await until(allEnded(rows), 'both ended');
    expect(rows.states()).toEqual(['failed', 'sent']);
    expect(rows.rows[0]!.error).toContain('cannot be read from the spool');
  });

  it('a silent PACS times out again and again, and the other one has everything meanwhile', async () => {
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    servers.push(silent);
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    const peer = await storescp('beside');
    const { fileKey } = await keepReport();
    const rows = new MemoryRows();
    rows.add('silent', 1, { fileKey });
    rows.add('pacs', 1, { fileKey });
    start(rows, pacs(port, { name: 'silent', timeouts: { associateTimeoutMs: 50 } }), pacs(peer.port));
    await until(() => rows.rows[1]!.state === 'sent' && rows.rows[0]!.attempts >= 2, 'one sent, one timed out twice');
    expect(rows.rows[0]).toMatchObject({ state: 'pending', error: expect.stringContaining('no answer') });
  });
});
