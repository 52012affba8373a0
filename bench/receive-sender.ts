/**
 * The sender of bench:receive, one process for all its associations: PDUs cut once, headers patched with a fresh SOP and
 * study UID per object, everything else the same buffer each time. As little work as a sender can do, so that what is
 * measured is the receiver.
 *
 * node receive-sender.ts PORT FILE TRANSFER_SYNTAX ASSOCIATIONS OBJECTS RUN → one JSON line {bytes, seconds, refused}
 */
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { readPart10 } from '../src/dicom/part10.ts';
import { encodeAeTitle } from '../src/dimse/ae-title.ts';
import { APPLICATION_CONTEXT_UID, decodeAssociateAc, encodeAssociateRq } from '../src/dimse/associate-pdu.ts';
import { COMMAND_FIELD, decodeCommandSet, encodeCommandSet } from '../src/dimse/command.ts';
import { PDU_TYPE, encodePDataHeader, encodeReleaseRq } from '../src/dimse/pdu.ts';
import { PduFramer } from '../src/dimse/pdu-framer.ts';
import { DIMSE_LIMITS } from '../src/dimse/limits.ts';
import { SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID } from './receive-object.ts';

const [port, file, transferSyntaxUid, associations, objects, run] = process.argv.slice(2);
assert(port && file && transferSyntaxUid && associations && objects && run);
const part10 = readFileSync(file);
const dataSet = part10.subarray(readPart10(part10).dataSetOffset);
const objectCount = Number(objects);
let refused = 0;

/** Waits for PDUs on one socket. */
class Inbox {
  readonly #framer = new PduFramer(DIMSE_LIMITS);
  readonly #queue: { type: number; body: Uint8Array }[] = [];
  #wake: (() => void) | undefined;

  push(chunk: Uint8Array): void {
    this.#framer.push(chunk);
    for (let event = this.#framer.next(); event !== undefined; event = this.#framer.next()) {
      if (event.kind === 'body') this.#queue.push({ type: event.pduType, body: event.body });
      else if (event.kind === 'fragment' && event.isLast) this.#queue.push({ type: PDU_TYPE.pDataTf, body: event.bytes });
    }
    this.#wake?.();
  }

  async next(): Promise<{ type: number; body: Uint8Array }> {
    while (this.#queue.length === 0) await new Promise<void>((resolve) => { this.#wake = resolve; });
    return this.#queue.shift()!;
  }
}

/** The data set as P-DATA-TFs in one buffer, and where in it the UIDs lie (all in the first one). */
function cutDataSet(pduMaxBytes: number): Buffer {
  const pieces: Uint8Array[] = [];
  const fragmentBytes = pduMaxBytes - 6;
  for (let at = 0; at < dataSet.length; at += fragmentBytes) {
    const fragment = dataSet.subarray(at, at + fragmentBytes);
    pieces.push(encodePDataHeader(1, false, at + fragmentBytes >= dataSet.length, fragment.length), fragment);
  }
  return Buffer.concat(pieces);
}

async function associate(index: number): Promise<() => Promise<number>> {
  const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
  const inbox = new Inbox();
  socket.on('data', (chunk) => inbox.push(chunk));
  socket.on('error', (error) => { throw error; });
  socket.write(encodeAssociateRq({
    protocolVersion: 1, calledAeTitle: encodeAeTitle('FIRSTREAD'), callingAeTitle: encodeAeTitle('BENCH'), applicationContextUid: APPLICATION_CONTEXT_UID,
    presentationContexts: [{ id: 1, abstractSyntaxUid: SOP_CLASS_UID, transferSyntaxUids: [transferSyntaxUid!] }],
    userInformation: { maximumLengthBytes: 16384, implementationClassUid: '2.25.1', implementationVersion: 'BENCH', roleSelections: [] },
  }));
  const { type, body } = await inbox.next();
  assert(type === PDU_TYPE.associateAc, `association refused: PDU ${type}`);
  const ac = decodeAssociateAc(body);
  assert(ac.contextResults[0]?.result === 0, 'presentation context refused');
  const pdus = cutDataSet(Math.min(ac.userInformation.maximumLengthBytes || 131_072, 131_072));
  const head = Buffer.from(pdus.subarray(0, 4096));
  const tail = pdus.subarray(4096);
  const sopAt = head.indexOf(SOP_INSTANCE_UID);
  const studyAt = head.indexOf(STUDY_INSTANCE_UID);
  assert(sopAt > 0 && studyAt > 0, 'UIDs are not in the first 4 kB');

  return async () => {
    for (let n = 0; n < objectCount; n++) {
      const serial = `${run}${String(index).padStart(3, '0')}${String(n).padStart(6, '0')}`;
      const sopInstanceUid = SOP_INSTANCE_UID.slice(0, -serial.length) + serial;
      const own = Buffer.from(head);
      own.write(sopInstanceUid, sopAt, 'latin1');
      own.write(STUDY_INSTANCE_UID.slice(0, -serial.length) + serial, studyAt, 'latin1');
      const command = encodeCommandSet({ commandField: COMMAND_FIELD.cStoreRq, affectedSopClassUid: SOP_CLASS_UID, affectedSopInstanceUid: sopInstanceUid, messageId: (n % 65_535) + 1, priority: 0, commandDataSetType: 1 });
      socket.cork();
      socket.write(encodePDataHeader(1, true, true, command.length));
      socket.write(command);
      socket.write(own);
      socket.write(tail);
      socket.uncork();
      const answer = await inbox.next();
      assert(answer.type === PDU_TYPE.pDataTf, `PDU ${answer.type} instead of a response`);
      if (decodeCommandSet(answer.body).status !== 0) refused++;
    }
    socket.write(encodeReleaseRq());
    await inbox.next();
    socket.end();
    return objectCount * dataSet.length;
  };
}

const senders = await Promise.all(Array.from({ length: Number(associations) }, (_, index) => associate(index)));
const startedAtMs = performance.now();
const bytes = (await Promise.all(senders.map((send) => send()))).reduce((sum, each) => sum + each, 0);
console.log(JSON.stringify({ bytes, seconds: (performance.now() - startedAtMs) / 1000, refused }));
