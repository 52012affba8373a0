import { describe, expect, it } from 'vitest';
import { encodeAeTitle, readAeTitle } from '../../src/dimse/ae-title.ts';
import { decodeAssociateAc, decodeAssociateRq, encodeAssociateAc, encodeAssociateRq } from '../../src/dimse/associate-pdu.ts';
import { ABORT_REASON, ABORT_SOURCE, REJECT, describeReject, encodeAbort, encodeAssociateRj, encodePDataHeader, encodeReleaseRp, encodeReleaseRq } from '../../src/dimse/pdu.ts';
import { ABORT_BY_USER, ASSOCIATE_AC, ASSOCIATE_RQ, RELEASE_RP, RELEASE_RQ, abortByProvider, ascii, associateRj, hex, pData } from './encoded-pdus.ts';

const body = (pdu: Uint8Array): Uint8Array => pdu.subarray(6);

describe('fixed PDUs', () => {
  it('are encoded as the standard lays them out', () => {
    expect(encodeReleaseRq()).toEqual(RELEASE_RQ);
    expect(encodeReleaseRp()).toEqual(RELEASE_RP);
    expect(encodeAbort({ source: ABORT_SOURCE.user, reason: ABORT_REASON.notSpecified })).toEqual(ABORT_BY_USER);
    expect(encodeAbort({ source: ABORT_SOURCE.provider, reason: ABORT_REASON.unexpectedPdu })).toEqual(abortByProvider(2));
    expect(encodeAssociateRj(REJECT.calledAeTitleNotRecognized)).toEqual(associateRj(1, 1, 7));
    expect(describeReject(REJECT.localLimitExceeded)).toBe('local limit exceeded (transient)');
    expect(Buffer.concat([encodePDataHeader(3, false, true, 5), Buffer.alloc(5)])).toEqual(Buffer.from(pData(3, 2, Buffer.alloc(5))));
  });
});

describe('A-ASSOCIATE-RQ', () => {
  it('is decoded from literal bytes', () => {
    expect(ASSOCIATE_RQ.length).toBe(6 + 249);
    const rq = decodeAssociateRq(body(ASSOCIATE_RQ));
    expect(readAeTitle(rq.calledAeTitle)).toBe('FIRSTREAD');
    expect(readAeTitle(rq.callingAeTitle)).toBe('ROOM-1');
    expect(rq.presentationContexts).toEqual([
      { id: 1, abstractSyntaxUid: '1.2.840.10008.1.1', transferSyntaxUids: ['1.2.840.10008.1.2'] },
      { id: 3, abstractSyntaxUid: '1.2.840.10008.5.1.4.1.1.1', transferSyntaxUids: ['1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.1'] },
    ]);
    expect(rq.userInformation.maximumLengthBytes).toBe(16384);
  });

  it('survives encoding and decoding with every sub-item', () => {
    const rq = {
      ...decodeAssociateRq(body(ASSOCIATE_RQ)),
      userInformation: {
        maximumLengthBytes: 0xffff_fff0,
        implementationClassUid: '1.2.3',
        implementationVersion: 'V 1',
        asynchronousOperations: { invoked: 0, performed: 65535 },
        roleSelections: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.1', scuRole: true, scpRole: true }],
      },
    };
    expect(decodeAssociateRq(body(encodeAssociateRq(rq)))).toEqual(rq);
  });

  const withItem = (item: string): Uint8Array => {
    const pdu = Buffer.concat([ASSOCIATE_RQ, hex(item)]);
    pdu.writeUInt32BE(pdu.length - 6, 2);
    return pdu.subarray(6);
  };

  it('skips items and sub-items that it does not know', () => {
    expect(decodeAssociateRq(withItem('7f 00 0003 010203')).presentationContexts).toHaveLength(2);
  });

  it.each([
    ['an item longer than the PDU', '20 00 ffff 05000000'],
    ['a sub-item longer than its item', `20 00 0010 05000000 30 00 00ff ${ascii('1.2.3.4.')}`],
    ['bytes after the last item', '20 00'],
    ['an even presentation context ID', `20 00 0013 04000000 30 00 0003 ${ascii('1.2')} 40 00 0004 ${ascii('1.20')}`],
    ['a presentation context ID twice', `20 00 0013 01000000 30 00 0003 ${ascii('1.2')} 40 00 0004 ${ascii('1.20')}`],
    ['a context without transfer syntax', `20 00 000b 05000000 30 00 0003 ${ascii('1.2')}`],
    ['a context without abstract syntax', `20 00 000b 05000000 40 00 0003 ${ascii('1.2')}`],
    ['a UID of other characters', `20 00 0013 05000000 30 00 0003 ${ascii('1/2')} 40 00 0004 ${ascii('1.20')}`],
    ['a UID over 64 characters', `20 00 0051 05000000 30 00 0041 ${ascii('1'.repeat(65))} 40 00 0004 ${ascii('1.20')}`],
    ['two user informations', '50 00 0000'],
    ['two application contexts', `10 00 0003 ${ascii('1.2')}`],
  ])('refuses %s', (_why, item) => {
    expect(() => decodeAssociateRq(withItem(item))).toThrow(expect.objectContaining({ code: 'pdu-malformed' }));
  });

  it('refuses one without contexts, applications or information', () => {
    expect(() => decodeAssociateRq(body(ASSOCIATE_RQ).subarray(0, 68))).toThrow(/application context/);
  });
});

describe('A-ASSOCIATE-AC', () => {
  it('is decoded from literal bytes', () => {
    expect(ASSOCIATE_AC.length).toBe(6 + 171);
    expect(decodeAssociateAc(body(ASSOCIATE_AC)).contextResults).toEqual([
      { id: 1, result: 0, transferSyntaxUid: '1.2.840.10008.1.2' },
      { id: 3, result: 3, transferSyntaxUid: '' },
    ]);
  });

  it('encodes to the same bytes, but for the version name that we add', () => {
    const ac = decodeAssociateAc(body(ASSOCIATE_AC));
    const again = decodeAssociateAc(body(encodeAssociateAc({ ...ac, contextResults: ac.contextResults.map((result) => ({ ...result, transferSyntaxUid: '1.2.840.10008.1.2' })) })));
    expect(again).toEqual(ac);
  });
});

describe('AE titles', () => {
  it.each([
    ['  FIRSTREAD     ', 'FIRSTREAD'],
    ['SIXTEEN-CHARS-AE', 'SIXTEEN-CHARS-AE'],
    ['lower case      ', 'lower case'],
    ['NUL-PADDED\0\0\0\0\0\0', 'NUL-PADDED'],
    ['                ', ''],
    ['R\xd6NTGEN         ', 'R\xd6NTGEN'],
    ['A\x1b[31mB\r\n       ', 'A\ufffd[31mB\ufffd\ufffd'],
  ])('%j reads %j', (padded, title) => {
    expect(readAeTitle(Buffer.from(padded, 'latin1'))).toBe(title);
  });

  it('are padded to sixteen bytes', () => {
    expect(Buffer.from(encodeAeTitle('ME')).toString('latin1')).toBe('ME              ');
    expect(encodeAeTitle('MUCH-TOO-LONG-AE-TITLE')).toHaveLength(16);
  });
});
