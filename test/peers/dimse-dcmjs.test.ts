/** dcmjs-dimse at the other end (a devDependency, always there): C-ECHO and C-STORE both ways. */
import dcmjsDimse from 'dcmjs-dimse';
import { afterEach, describe, expect, it } from 'vitest';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener } from '../../src/dimse/listener.ts';
import { openAssociation } from '../../src/dimse/scu.ts';
import { MemorySink } from '../dimse/memory-sink.ts';

// Its types are older than its exports.
const { Client, Dataset, Scp, Server, log, constants, requests, responses } = dcmjsDimse as any;
log.level = 'error';

const CR = '1.2.840.10008.5.1.4.1.1.1';
const EXPLICIT = '1.2.840.10008.1.2.1';

let listener: Listener | undefined;
let server: any;
afterEach(async () => {
  await listener?.close();
  listener = undefined;
  server?.close();
  server = undefined;
});

function send(port: number, ...ofRequests: any[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    const statuses: number[] = [];
    for (const request of ofRequests) {
      request.on('response', (response: any) => statuses.push(response.getStatus()));
      client.addRequest(request);
    }
    client.on('closed', () => resolve(statuses));
    client.on('networkError', reject);
    client.on('associationRejected', reject);
    client.send('127.0.0.1', port, 'DCMJS', 'FIRSTREAD');
  });
}

describe('dcmjs-dimse', () => {
  it('sends: C-ECHO and C-STORE on one association', async () => {
    const sink = new MemorySink();
    listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: sink });
    const dataset = new Dataset({ SOPClassUID: CR, SOPInstanceUID: '1.2.3', StudyInstanceUID: '1.2.4', PatientName: 'TEST^DCMJS', _vrMap: {} }, EXPLICIT);
    expect(await send(listener.port, new requests.CEchoRequest(), new requests.CStoreRequest(dataset))).toEqual([0, 0]);
    expect(sink.kept).toHaveLength(1);
    expect(sink.kept[0]?.request).toMatchObject({ affectedSopClassUid: CR, affectedSopInstanceUid: '1.2.3', callingAeTitle: 'DCMJS' });
  });

  it('receives from us', async () => {
    const received: any[] = [];
    class Receiver extends Scp {
      associationRequested(association: any): void {
        for (const { id } of association.getPresentationContexts()) {
          const context = association.getPresentationContext(id);
          context.setResult(constants.PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
        }
        this['sendAssociationAccept']();
      }
      cStoreRequest(request: any, callback: (response: any) => void): void {
        received.push(request.getDataset().getElements());
        const response = responses.CStoreResponse.fromRequest(request);
        response.setStatus(constants.Status.Success);
        callback(response);
      }
      cEchoRequest(request: any, callback: (response: any) => void): void {
        const response = responses.CEchoResponse.fromRequest(request);
        response.setStatus(constants.Status.Success);
        callback(response);
      }
      associationReleaseRequested(): void {
        this['sendAssociationReleaseResponse']();
      }
    }
    server = new Server(Receiver);
    server.listen(0);
    const port: number = await new Promise((resolve) => {
      server.server.once('listening', () => resolve(server.server.address().port));
    });
    const association = await openAssociation({
      host: '127.0.0.1', port, callingAeTitle: 'FIRSTREAD', calledAeTitle: 'DCMJS',
      presentationContexts: [
        { abstractSyntaxUid: '1.2.840.10008.1.1', transferSyntaxUids: ['1.2.840.10008.1.2'] },
        { abstractSyntaxUid: CR, transferSyntaxUids: ['1.2.840.10008.1.2'] },
      ],
    });
    expect(await association.cEcho()).toBe(0);
    // (0008,0018) SOPInstanceUID = 1.2.3, in Implicit VR Little Endian
    const dataSet = Buffer.from('0800180006000000312e322e3300', 'hex');
    expect(await association.cStore({ sopClassUid: CR, sopInstanceUid: '1.2.3', transferSyntaxUid: '1.2.840.10008.1.2', dataSet })).toEqual({ status: 0 });
    expect(received[0]).toMatchObject({ SOPInstanceUID: '1.2.3' });
    await association.release();
  });
});
