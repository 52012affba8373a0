/** DCMTK at the other end: its senders against our listener, its receiver against our requestor. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readPart10 } from '../../src/dicom/part10.ts';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener, ListenerOptions } from '../../src/dimse/listener.ts';
import type { ListenerEvent } from '../../src/dimse/listener-events.ts';
import { OPEN_DOOR } from '../../src/dimse/negotiation-policy.ts';
import { REJECT } from '../../src/dimse/pdu.ts';
import { openAssociation } from '../../src/dimse/scu.ts';
import type { Association, AssociationOptions } from '../../src/dimse/scu.ts';
import { MemorySink } from '../dimse/memory-sink.ts';
import { sharedData } from '../shared-data.ts';
import { SOP_CLASS_UID, SOP_INSTANCE_UID, convertImage, writeImage } from './dimse-image.ts';
import { needPeer } from './need-peer.ts';

const hasDcmtk = ['echoscu', 'storescu', 'dcmsend', 'storescp', 'dcmcjpls'].every(needPeer);
const run = promisify(execFile);
const DEFLATED = '1.2.840.10008.1.2.1.99';

let folder: string;
let images: Map<string, string>;
let listener: Listener | undefined;
let sink: MemorySink;
let events: ListenerEvent[];
const children: { kill(): void }[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'firstread-dcmtk-'));
  if (hasDcmtk) images = convertImage(writeImage(folder), folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await listener?.close();
  listener = undefined;
  for (const child of children.splice(0)) child.kill();
});

async function listen(options: Partial<ListenerOptions> = {}): Promise<string[]> {
  sink = new MemorySink();
  events = [];
  listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: sink, onEvent: (event) => events.push(event), ...options });
  return ['127.0.0.1', String(listener.port)];
}

/** The data set's bytes of a Part 10 file. */
function dataSetOf(path: string): Buffer {
  const bytes = readFileSync(path);
  return bytes.subarray(readPart10(bytes).dataSetOffset);
}

const plain = (transferSyntaxUid: string, bytes: Buffer): Buffer => (transferSyntaxUid === DEFLATED ? inflateRawSync(bytes) : bytes);

describe.skipIf(!hasDcmtk)('DCMTK sends', () => {
  it.each([
    ['MODALITY', 'FIRSTREAD', 'MODALITY', 'FIRSTREAD'],
    ['SIXTEEN-CHARS-AE', 'lower case title', 'SIXTEEN-CHARS-AE', 'lower case title'],
    ['  SPACES  ', ' X', 'SPACES', 'X'],
    ['R\u00d6NTGEN', 'PH\u1ed4I', expect.stringMatching(/^R.*NTGEN$/), expect.stringMatching(/^PH.+/)],
  ])('echoscu calls as %j for %j', async (calling, called, callingRead, calledRead) => {
    await run('echoscu', ['-aet', calling, '-aec', called, ...(await listen())]);
    await expect.poll(() => events.at(-1)).toMatchObject({ kind: 'association-ended', how: 'released', callingAeTitle: callingRead, calledAeTitle: calledRead });
  });

  it('echoscu with 128 presentation contexts and with small PDUs', async () => {
    await run('echoscu', ['-ppc', '128', '-pts', '20', '-pdu', '4096', ...(await listen())]);
    expect(events[0]).toMatchObject({ kind: 'association-accepted', acceptedContextCount: 128 });
  });

  it('every transfer syntax it can write arrives as sent', async () => {
    const to = await listen();
    // dcmsend may convert between uncompressed ones, and storescu proposes one at a time.
    const uncompressed: Record<string, string> = { '1.2.840.10008.1.2': '-xi', '1.2.840.10008.1.2.1': '-xe', '1.2.840.10008.1.2.2': '-xb' };
    for (const [uid, option] of Object.entries(uncompressed)) await run('storescu', [option, ...to, images.get(uid)!]);
    await run('dcmsend', ['--decompress-never', ...to, ...[...images].flatMap(([uid, path]) => (uid in uncompressed ? [] : [path]))]);
    expect(sink.kept.map((kept) => kept.request.transferSyntaxUid).sort()).toEqual([...images.keys()].sort());
    for (const { request, bytes } of sink.kept) {
      expect(plain(request.transferSyntaxUid, bytes).equals(plain(request.transferSyntaxUid, dataSetOf(images.get(request.transferSyntaxUid)!)))).toBe(true);
      expect(request).toMatchObject({ affectedSopClassUid: SOP_CLASS_UID, affectedSopInstanceUid: SOP_INSTANCE_UID, callingAeTitle: expect.stringMatching(/DCMSEND|STORESCU/) });
    }
  });

  it('storescu takes its preferred transfer syntax, first proposed', async () => {
    for (const [option, transferSyntaxUid] of [['-xs', '1.2.840.10008.1.2.4.70'], ['-xt', '1.2.840.10008.1.2.4.80'], ['-xr', '1.2.840.10008.1.2.5'], ['-xi', '1.2.840.10008.1.2']] as const) {
      await run('storescu', [option, ...(await listen()), images.get(transferSyntaxUid)!]);
      expect(sink.kept[0]?.request.transferSyntaxUid).toBe(transferSyntaxUid);
      await listener!.close();
    }
  });

  it('several senders at once, each object whole', async () => {
    const to = await listen();
    await Promise.all(Array.from({ length: 8 }, () => run('storescu', ['--repeat', '5', '+II', ...to, images.get('1.2.840.10008.1.2.1')!])));
    expect(sink.kept).toHaveLength(40);
    expect(new Set(sink.kept.map((kept) => kept.request.affectedSopInstanceUid)).size).toBe(40);
    for (const { bytes } of sink.kept) expect(bytes.subarray(-6144)).toEqual(dataSetOf(images.get('1.2.840.10008.1.2.1')!).subarray(-6144));
  });

  it('is told why it is refused', async () => {
    const to = await listen({ policy: { ...OPEN_DOOR, admit: () => REJECT.calledAeTitleNotRecognized } });
    await expect(run('echoscu', to)).rejects.toMatchObject({ stderr: expect.stringContaining('Called AE Title Not Recognized') });
    expect(events.at(-1)).toMatchObject({ kind: 'association-refused', callingAeTitle: 'ECHOSCU', calledAeTitle: 'ANY-SCP' });
  });

  it('hears the status of a refused object', async () => {
    const to = await listen();
    sink.options = { refuse: { status: 0xa700 } };
    await expect(run('storescu', ['-v', ...to, images.get('1.2.840.10008.1.2.1')!])).rejects.toMatchObject({ stderr: expect.stringMatching(/OutOfResources/i) });
  });

  it('aborts, and nothing is left over', async () => {
    const to = await listen();
    await run('storescu', ['--abort', ...to, images.get('1.2.840.10008.1.2.1')!]);
    await expect.poll(() => events.at(-1)).toMatchObject({ kind: 'association-ended', how: 'aborted-by-peer' });
    expect(listener!.associations()).toBe(0);
  });

  const shared = sharedData();
  it.skipIf(shared === undefined)('every file of the shared collection that dcmsend sends is answered and kept', async () => {
    const to = await listen();
    // Exit code 43 and the like: files that are no DICOM. What counts is what it did send.
    const { stdout, stderr } = await run('dcmsend', ['+sd', '+r', '-v', '--no-halt', '--no-uid-checks', '--decompress-never', ...to, join(shared!, 'dicom')], { maxBuffer: 1 << 28 }).catch((error) => error);
    const report = `${stdout}${stderr}`;
    const sent = Number(/- sent to the peer\s*: (\d+)/.exec(report)?.[1]);
    expect(sent).toBeGreaterThan(100);
    expect(sink.kept).toHaveLength(sent);
    expect(report).toMatch(new RegExp(`with status SUCCESS\\s*: ${sent}\\b`));
  }, 120_000);
});

describe.skipIf(!hasDcmtk)('DCMTK receives', () => {
  let to: string;
  let port: number;

  async function storescp(...options: string[]): Promise<void> {
    port = await freePort();
    to = mkdtempSync(join(folder, 'scp-'));
    children.push(spawn('storescp', ['-od', to, '+B', '-pdu', '16384', ...options, String(port)], { stdio: 'ignore' }));
    for (let isOpen = false; !isOpen; await delay(20)) isOpen = await answers(port);
  }

  const open = (presentationContexts: AssociationOptions['presentationContexts']): Promise<Association> =>
    openAssociation({ host: '127.0.0.1', port, callingAeTitle: 'FIRSTREAD', calledAeTitle: 'STORESCP', presentationContexts });

  const objectOf = (transferSyntaxUid: string) => ({
    sopClassUid: SOP_CLASS_UID, sopInstanceUid: SOP_INSTANCE_UID, transferSyntaxUid, dataSet: dataSetOf(images.get(transferSyntaxUid)!),
  });
  const RAW = [{ abstractSyntaxUid: SOP_CLASS_UID, transferSyntaxUids: ['1.2.840.10008.1.2.1'] }];

  it('our objects byte for byte, in every transfer syntax', async () => {
    await storescp('+xa', '-uf');
    const association = await open([
      { abstractSyntaxUid: '1.2.840.10008.1.1', transferSyntaxUids: ['1.2.840.10008.1.2'] },
      ...[...images.keys()].map((uid) => ({ abstractSyntaxUid: SOP_CLASS_UID, transferSyntaxUids: [uid] })),
    ]);
    expect(await association.cEcho()).toBe(0);
    // +xa of storescp leaves JPEG Lossless (Process 14, not SV1) out.
    for (const transferSyntaxUid of [...images.keys()].filter((uid) => uid !== '1.2.840.10008.1.2.4.57')) {
      const object = objectOf(transferSyntaxUid);
      expect(await association.cStore({ ...object, sopInstanceUid: `2.25.4711.${transferSyntaxUid.length}` })).toEqual({ status: 0 });
      const [name] = readdirSync(to);
      expect(plain(transferSyntaxUid, dataSetOf(join(to, name!))).equals(plain(transferSyntaxUid, object.dataSet))).toBe(true);
      rmSync(join(to, name!));
    }
    await association.release();
  });

  it('rejections and aborts are told apart', async () => {
    await storescp('--refuse');
    await expect(open(RAW)).rejects.toMatchObject({ name: 'AssociationError', code: 'association-rejected' });
    await storescp('--abort-during');
    const association = await open(RAW);
    await expect(association.cStore(objectOf('1.2.840.10008.1.2.1'))).rejects.toMatchObject({ code: 'association-lost', isPermanent: false });
  });

  it('a SOP class it does not know is a permanent error', async () => {
    await storescp();
    const association = await open([{ abstractSyntaxUid: '1.2.276.0.7230010.3.99', transferSyntaxUids: ['1.2.840.10008.1.2.1'] }]);
    await expect(association.cStore({ ...objectOf('1.2.840.10008.1.2.1'), sopClassUid: '1.2.276.0.7230010.3.99' })).rejects.toMatchObject({ code: 'context-not-accepted', isPermanent: true });
    await association.release();
  });
});

describe.skipIf(!hasDcmtk || !needPeer('openssl'))('over TLS', () => {
  let key: string;
  let certificate: string;
  beforeAll(() => {
    mkdirSync(join(folder, 'tls'), { recursive: true });
    key = join(folder, 'tls', 'key.pem');
    certificate = join(folder, 'tls', 'certificate.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  });
  const server = (more: object = {}) => ({ tls: { key: readFileSync(key), cert: readFileSync(certificate), ca: readFileSync(certificate), ...more } });

  it('DCMTK sends, with its own certificate asked for', async () => {
    const to = await listen(server({ requestCert: true }));
    await run('storescu', ['+tls', key, certificate, '+cf', certificate, ...to, images.get('1.2.840.10008.1.2.1')!]);
    expect(sink.kept).toHaveLength(1);
  });

  it('without a certificate, or without TLS, it is refused and told', async () => {
    const to = await listen({ ...server({ requestCert: true, rejectUnauthorized: true }), limits: { artimTimeoutMs: 300 } });
    await expect(run('echoscu', ['+tla', '-ic', ...to])).rejects.toThrow();
    await expect.poll(() => events.map((event) => event.kind)).toContain('tls-failed');
    events.length = 0;
    await expect(run('echoscu', to)).rejects.toThrow();
    await expect.poll(() => events.map((event) => event.kind)).toEqual(['tls-failed']);
  });

  it('our requestor verifies whom it calls', async () => {
    await listen(server());
    const options = { host: '127.0.0.1', port: listener!.port, callingAeTitle: 'A', calledAeTitle: 'B', presentationContexts: [{ abstractSyntaxUid: '1.2.840.10008.1.1', transferSyntaxUids: ['1.2.840.10008.1.2'] }] };
    const association = await openAssociation({ ...options, tls: { ca: readFileSync(certificate) } });
    expect(await association.cEcho()).toBe(0);
    await association.release();
    await expect(openAssociation({ ...options, tls: {} })).rejects.toMatchObject({ code: 'peer-unreachable' });
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}
