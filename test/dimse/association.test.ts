import { describe, expect, it } from 'vitest';
import { decodeAssociateRq } from '../../src/dimse/associate-pdu.ts';
import type { AssociateRq } from '../../src/dimse/associate-pdu.ts';
import { negotiate } from '../../src/dimse/association.ts';
import type { NegotiationPolicy } from '../../src/dimse/association.ts';
import { OPEN_DOOR, chooseAsSenderPrefers, isStandardStorage } from '../../src/dimse/negotiation-policy.ts';
import { REJECT } from '../../src/dimse/pdu.ts';
import { ASSOCIATE_RQ } from './encoded-pdus.ts';

const RQ = decodeAssociateRq(ASSOCIATE_RQ.subarray(6));
const CR = '1.2.840.10008.5.1.4.1.1.1';

function accepted(rq: AssociateRq, policy: NegotiationPolicy = OPEN_DOOR) {
  const negotiation = negotiate(rq, '10.0.0.5', policy, 131_072);
  if (negotiation.kind !== 'accepted') throw new Error('rejected');
  return negotiation;
}

describe('negotiation', () => {
  it('takes each context in the transfer syntax that its sender put first', () => {
    const { ac, contexts } = accepted(RQ);
    expect(ac.contextResults).toEqual([
      { id: 1, result: 0, transferSyntaxUid: '1.2.840.10008.1.2' },
      { id: 3, result: 0, transferSyntaxUid: '1.2.840.10008.1.2.4.70' },
    ]);
    expect(contexts.get(3)).toEqual({ id: 3, abstractSyntaxUid: CR, transferSyntaxUid: '1.2.840.10008.1.2.4.70' });
  });

  it('returns AE titles as sent, and its own maximum length and implementation', () => {
    const { ac } = accepted({ ...RQ, calledAeTitle: Buffer.from(' odd one        ') });
    expect(Buffer.from(ac.calledAeTitle).toString()).toBe(' odd one        ');
    expect(ac.userInformation.maximumLengthBytes).toBe(131_072);
    expect(ac.userInformation.implementationClassUid).toMatch(/^2\.25\./);
  });

  it('refuses what is not storage, and keeps the association', () => {
    const find = { id: 5, abstractSyntaxUid: '1.2.840.10008.5.1.4.1.2.1.1', transferSyntaxUids: ['1.2.840.10008.1.2'] };
    const { ac, contexts } = accepted({ ...RQ, presentationContexts: [find] });
    expect(ac.contextResults).toEqual([{ id: 5, result: 3, transferSyntaxUid: '1.2.840.10008.1.2' }]);
    expect(contexts.size).toBe(0);
  });

  it('refuses a context whose transfer syntaxes the policy will not have', () => {
    const policy = { ...OPEN_DOOR, chooseTransferSyntax: () => undefined };
    expect(accepted(RQ, policy).ac.contextResults.map((each) => each.result)).toEqual([4, 4]);
  });

  it('verifies whatever the storage policy', () => {
    const policy = { ...OPEN_DOOR, acceptsAbstractSyntax: () => false };
    expect(accepted(RQ, policy).ac.contextResults.map((each) => each.result)).toEqual([0, 3]);
  });

  it('answers asynchronous operations with one each, only where asked', () => {
    expect(accepted(RQ).ac.userInformation.asynchronousOperations).toBeUndefined();
    const asked = { ...RQ, userInformation: { ...RQ.userInformation, asynchronousOperations: { invoked: 0, performed: 8 } } };
    expect(accepted(asked).ac.userInformation.asynchronousOperations).toEqual({ invoked: 1, performed: 1 });
  });

  it('lets the requester be SCU, never SCP, and answers only for classes that it accepted', () => {
    const roleSelections = [
      { sopClassUid: CR, scuRole: true, scpRole: true },
      { sopClassUid: '1.2.840.10008.5.1.4.1.2.1.1', scuRole: true, scpRole: false },
    ];
    const { ac } = accepted({ ...RQ, userInformation: { ...RQ.userInformation, roleSelections } });
    expect(ac.userInformation.roleSelections).toEqual([{ sopClassUid: CR, scuRole: true, scpRole: false }]);
  });

  it('rejects another application context, and whom the policy will not admit', () => {
    expect(negotiate({ ...RQ, applicationContextUid: '1.2.3' }, '', OPEN_DOOR, 0)).toEqual({ kind: 'rejected', reject: REJECT.applicationContextNotSupported });
    const policy: NegotiationPolicy = {
      ...OPEN_DOOR,
      admit: ({ callingAeTitle, remoteAddress }) => (callingAeTitle === 'ROOM-1' && remoteAddress === '10.0.0.9' ? undefined : REJECT.callingAeTitleNotRecognized),
    };
    expect(negotiate(RQ, '10.0.0.5', policy, 0)).toEqual({ kind: 'rejected', reject: REJECT.callingAeTitleNotRecognized });
    expect(negotiate(RQ, '10.0.0.9', policy, 0).kind).toBe('accepted');
  });
});

describe('what counts as storage', () => {
  it.each([
    ['CR', '1.2.840.10008.5.1.4.1.1.1', true],
    ['Standalone Curve (retired)', '1.2.840.10008.5.1.4.1.1.9', true],
    ['Hardcopy Grayscale (retired)', '1.2.840.10008.5.1.1.29', true],
    ['Hanging Protocol', '1.2.840.10008.5.1.4.38.1', true],
    ['a class that this file has never heard of', '1.2.840.10008.5.1.4.1.1.999.7', true],
    ['Study Root Find', '1.2.840.10008.5.1.4.1.2.2.1', false],
    ['Protocol Approval Find', '1.2.840.10008.5.1.4.1.1.200.4', false],
    ['Inventory Get', '1.2.840.10008.5.1.4.1.1.201.4', false],
    ['Inventory Storage', '1.2.840.10008.5.1.4.1.1.201.1', true],
    ['Modality Worklist', '1.2.840.10008.5.1.4.31', false],
    ['Storage Commitment', '1.2.840.10008.1.20.1', false],
  ])('%s', (_name, uid, isStorage) => {
    expect(isStandardStorage(uid)).toBe(isStorage);
    expect(OPEN_DOOR.acceptsAbstractSyntax(uid)).toBe(isStorage);
  });

  it('private classes, where the door is open', () => {
    expect(OPEN_DOOR.acceptsAbstractSyntax('1.3.12.2.1107.5.9.1')).toBe(true);
  });
});

describe('transfer syntaxes', () => {
  it('are taken in the sender’s order, standard ones before private ones', () => {
    expect(chooseAsSenderPrefers(['1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.1'])).toBe('1.2.840.10008.1.2.4.90');
    expect(chooseAsSenderPrefers(['1.2.840.113619.5.2', '1.2.840.10008.1.2'])).toBe('1.2.840.10008.1.2');
    expect(chooseAsSenderPrefers(['1.2.840.113619.5.2'])).toBe('1.2.840.113619.5.2');
  });
});
