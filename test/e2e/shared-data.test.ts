/**
 * Everything in the shared collection, sent by three foreign senders into a real hub: what was answered 0000H is in the
 * registry and, byte for byte, in the spool; every study ends where a human finds it; the hub survives.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPart10 } from '../../src/dicom/part10.ts';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import { needPeer } from '../peers/need-peer.ts';
import { PYTHON, needPython } from '../peers/need-python.ts';
import { sharedData } from '../shared-data.ts';
import { removeData, startHubProcess, temporaryData, untilSettled, type HubProcess } from './hub-process.ts';

const SCRIPT = fileURLToPath(new URL('../peers/pynetdicom_peer.py', import.meta.url));
const shared = sharedData();
const hasPython = needPython('pynetdicom', 'pydicom');
const hasDcmtk = needPeer('dcmsend') && needPeer('storescu');
/** Decoding two hundred objects and reading what can be read, on a machine with other work. */
const PATIENCE_MS = 240_000;
const PYNETDICOM_PATIENCE_SECONDS = 29;

interface Sent {
  readonly name: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly sha256: string;
  readonly status: number | null;
  /** Sent again after so many seconds without an answer. */
  readonly waitsInVainSeconds: readonly number[];
}

/** Standard output and error together, whatever the exit status: DCMTK's is not 0 where one file of many was refused. */
async function output(program: string, args: readonly string[]): Promise<string> {
  const run = promisify(execFile)(program, args, { maxBuffer: 1 << 26 });
  const { stdout, stderr } = await run.catch((error: { stdout?: string; stderr?: string }) => ({ stdout: error.stdout ?? '', stderr: error.stderr ?? String(error) }));
  return stdout + stderr;
}

describe.skipIf(shared === undefined || !hasPython || !hasDcmtk)('the shared DICOM collection into a real hub', () => {
  const data = temporaryData();
  const folder = join(shared ?? '', 'dicom');
  let hub: HubProcess;

  beforeAll(async () => {
    hub = await startHubProcess({ data });
  }, 90_000);
  afterAll(async () => {
    await hub?.stop();
    removeData(data);
  });

  function withRegistry<T>(look: (registry: Registry) => T): T {
    const registry = openRegistry(dataFolder(data).registry, { readOnly: true });
    try {
      return look(registry);
    } finally {
      registry.close();
    }
  }

  /** Objects of one sender that the registry has taken, those it had already included. */
  const takenFrom = (callingAeTitle: string): number =>
    withRegistry((registry) => registry.devices(0).filter((device) => device.callingAeTitle === callingAeTitle).reduce((sum, { instanceCount }) => sum + instanceCount, 0));

  test('pynetdicom: what was answered 0000H is recorded, and its bytes lie in the spool as they were sent', async () => {
    const sent = JSON.parse((await promisify(execFile)(PYTHON, [SCRIPT, 'send-all', String(hub.dicomPort), folder], { maxBuffer: 1 << 26 })).stdout) as Sent[];
    expect(sent.length).toBeGreaterThan(140);
    // A slow disk may let a sender give up waiting and send again; the hub itself ends no association.
    expect(hub.logLines().filter(({ event, reason }) => event === 'association-aborted' && !String(reason).startsWith('by-the-service'))).toEqual([]);
    expect(sent.filter(({ waitsInVainSeconds }) => waitsInVainSeconds.some((seconds) => seconds < PYNETDICOM_PATIENCE_SECONDS))).toEqual([]);
    // Refused, each with a reason: objects whose SOP Instance UID is none.
    const refused = sent.filter(({ status }) => status !== 0);
    expect(refused.filter(({ sopInstanceUid, status }) => status !== 0x0117 || /^[0-9.]+$/.test(sopInstanceUid))).toEqual([]);

    const spooled = new Set(
      readdirSync(join(data, 'spool', 'instances'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.dcm'))
        .map((name) => readFileSync(join(data, 'spool', 'instances', name)))
        .map((file) => {
          const { meta, dataSetOffset } = readPart10(file);
          return `${meta.sopInstanceUid} ${meta.transferSyntaxUid} ${createHash('sha256').update(file.subarray(dataSetOffset)).digest('hex')}`;
        }),
    );
    const stored = sent.filter(({ status }) => status === 0);
    withRegistry((registry) => {
      expect(stored.filter(({ sopInstanceUid, sha256 }) => registry.instance(sopInstanceUid, sha256) === undefined)).toEqual([]);
    });
    expect(stored.filter(({ sopInstanceUid, transferSyntaxUid, sha256 }) => !spooled.has(`${sopInstanceUid} ${transferSyntaxUid} ${sha256}`))).toEqual([]);
  }, PATIENCE_MS);

  test('dcmsend: as many are taken as it was told', async () => {
    const report = join(data, 'dcmsend.txt');
    await output('dcmsend', ['+sd', '+r', '--no-halt', '--decompress-never', '--create-report-file', report, '127.0.0.1', String(hub.dicomPort), folder]);
    const successes = Number(/with status SUCCESS\s*:\s*(\d+)/.exec(readFileSync(report, 'latin1'))?.[1]);
    expect(successes).toBeGreaterThan(130);
    expect(takenFrom('DCMSEND')).toBe(successes);
  }, PATIENCE_MS);

  test('storescu: the uncompressed ones, as many as it was told', async () => {
    const said = await output('storescu', ['-v', '-R', '--no-halt', '+sd', '+r', '127.0.0.1', String(hub.dicomPort), folder]);
    const successes = said.match(/Received Store Response \(Success\)/g)?.length ?? 0;
    expect(successes).toBeGreaterThan(50);
    expect(takenFrom('STORESCU')).toBe(successes);
  }, PATIENCE_MS);

  test('every study ends where a human finds it, and the hub is well', async () => {
    const rows = await untilSettled(data, 50, PATIENCE_MS);
    // Whatever could not be read says so; nothing is left without a reason.
    expect(rows.filter(({ reason }) => reason.text === '')).toEqual([]);
    expect((await fetch(`${hub.httpUrl}/readyz`)).status).toBe(200);
    await expect.poll(() => withRegistry((registry) => registry.outstandingCommands()), { timeout: PATIENCE_MS }).toEqual([]);
    expect(await hub.stop()).toBe(0);
  }, PATIENCE_MS);
});
