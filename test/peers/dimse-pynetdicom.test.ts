/** pynetdicom at the other end: its own reading of the state table, negotiation of everything, sending and receiving. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener } from '../../src/dimse/listener.ts';
import type { ListenerEvent } from '../../src/dimse/listener-events.ts';
import { openAssociation } from '../../src/dimse/scu.ts';
import { EVENTS, STATES, actionOf } from '../../src/dimse/upper-layer.ts';
import type { Event } from '../../src/dimse/upper-layer.ts';
import { MemorySink } from '../dimse/memory-sink.ts';
import { sharedData } from '../shared-data.ts';
import { SOP_CLASS_UID } from './dimse-image.ts';
import { PYTHON, needPython } from './need-python.ts';

const SCRIPT = fileURLToPath(new URL('pynetdicom_peer.py', import.meta.url));
const CR = '1.2.840.10008.5.1.4.1.1.1';

let listener: Listener | undefined;
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

async function ask(command: string, ...args: readonly (string | number)[]): Promise<any> {
  const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, command, ...args.map(String)], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

async function listen(sink: MemorySink, events: ListenerEvent[] = []): Promise<number> {
  listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: sink, onEvent: (event) => events.push(event) });
  return listener.port;
}

describe.skipIf(!needPython('pynetdicom', 'pydicom'))('pynetdicom', () => {
  it('has read the same Table 9-10', async () => {
    const theirs = await ask('table');
    const ours = Object.fromEntries(
      STATES.flatMap((state) => (Object.keys(EVENTS) as Event[]).flatMap((event) => {
        const action = actionOf(state, event);
        return action === undefined ? [] : [[`${state} ${event}`, action]];
      })),
    );
    expect(ours).toEqual(theirs);
  });

  it('negotiates: one operation at a time, SCU role only, the rest left unanswered', async () => {
    const events: ListenerEvent[] = [];
    const answer = await ask('negotiate', await listen(new MemorySink(), events));
    expect(answer).toMatchObject({
      established: true, window: [1, 1], roles: { [CR]: [true, false] }, extended: {}, identity: false, maximum_length: 131_072, echo: 0,
      contexts: [['1.2.840.10008.1.1', '1.2.840.10008.1.2'], [CR, '1.2.840.10008.1.2.1']],
    });
    expect(answer.implementation[0]).toMatch(/^2\.25\./);
    await expect.poll(() => events.at(-1)).toMatchObject({ kind: 'association-ended', how: 'released' });
  });

  it('is told 0211H for an operation that is not ours, and its C-CANCEL is let pass', async () => {
    expect(await ask('cancel-and-find', await listen(new MemorySink()))).toEqual({ status: [0x0211] });
  });

  const shared = sharedData();
  it.skipIf(shared === undefined)('sends every file of the shared collection that it can', async () => {
    const sink = new MemorySink();
    const statuses = await ask('send', await listen(sink), join(shared!, 'dicom'));
    expect(Object.keys(statuses).length).toBeGreaterThan(100);
    expect(Object.entries(statuses).filter(([, status]) => status !== 0)).toEqual([]);
    expect(sink.kept.length).toBe(sink.begun);
  }, 240_000);

  it('receives from us byte for byte, in PDUs of the size it asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'firstread-pynetdicom-'));
    const child = spawn(PYTHON, [SCRIPT, 'receive', folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const [line] = await once(child.stdout, 'data');
      const { port } = JSON.parse(String(line));
      const association = await openAssociation({
        host: '127.0.0.1', port, callingAeTitle: 'FIRSTREAD', calledAeTitle: 'PYNETDICOM',
        presentationContexts: [
          { abstractSyntaxUid: '1.2.840.10008.1.1', transferSyntaxUids: ['1.2.840.10008.1.2'] },
          { abstractSyntaxUid: SOP_CLASS_UID, transferSyntaxUids: ['1.2.840.10008.1.2.1'] },
          { abstractSyntaxUid: CR, transferSyntaxUids: ['1.2.840.10008.1.2.1'] },
        ],
      });
      expect(association.contexts).toHaveLength(2);
      expect(await association.cEcho()).toBe(0);
      const dataSet = Buffer.alloc(200_000, 3);
      expect(await association.cStore({ sopClassUid: SOP_CLASS_UID, sopInstanceUid: '1.2.3', transferSyntaxUid: '1.2.840.10008.1.2.1', dataSet })).toEqual({ status: 0 });
      expect(readFileSync(join(folder, '1.2.3')).equals(dataSet)).toBe(true);
      await association.release();
    } finally {
      child.stdin.end();
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
