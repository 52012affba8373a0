import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCommandSet, encodeCommandSet, responseTo } from '../../src/dimse/command.ts';
import { FirstreadError } from '../../src/errors.ts';
import { ECHO_RQ, ECHO_RSP, STORE_RQ, hex } from './encoded-pdus.ts';

const commandOf = (pdu: Uint8Array): Uint8Array => pdu.subarray(12);

describe('command sets', () => {
  it('are decoded from literal bytes', () => {
    expect(decodeCommandSet(commandOf(ECHO_RQ))).toEqual({ affectedSopClassUid: '1.2.840.10008.1.1', commandField: 0x30, messageId: 7, commandDataSetType: 0x101 });
    expect(decodeCommandSet(commandOf(STORE_RQ))).toEqual({
      affectedSopClassUid: '1.2.840.10008.5.1.4.1.1.1', commandField: 1, messageId: 9, priority: 0, commandDataSetType: 1, affectedSopInstanceUid: '1.2.3.4',
    });
  });

  it('are answered byte for byte as the standard says', () => {
    const response = responseTo(decodeCommandSet(commandOf(ECHO_RQ)), 0);
    expect(Buffer.from(encodeCommandSet(response))).toEqual(Buffer.from(commandOf(ECHO_RSP)));
  });

  it('carry a comment of at most 64 printable characters', () => {
    const encoded = encodeCommandSet(responseTo({ commandField: 1, messageId: 1 }, 0xa700, `no\\room ${'é'.repeat(100)}`));
    expect(decodeCommandSet(encoded).errorComment).toBe(`no?room ${'?'.repeat(56)}`);
  });

  it('know no elements but their own, and skip them', () => {
    const extra = hex('0000 3010 06000000 312e322e3300'); // MoveOriginatorApplicationEntityTitle
    expect(decodeCommandSet(Buffer.concat([commandOf(ECHO_RQ), extra]))).toMatchObject({ commandField: 0x30 });
  });

  it.each([
    ['another group', '0800 1800 02000000 3100'],
    ['a value past the end', '0000 0001 ff000000 0100'],
    ['a length of 4 GiB', '0000 0001 ffffffff 0100'],
    ['half an element', '0000 0001 02'],
    ['a command field of four bytes', '0000 0001 04000000 01000000'],
    ['no command field', '0000 1001 02000000 0100'],
    ['a UID over 64 characters', `0000 0010 42000000 ${'31'.repeat(66)}`],
    ['nothing', ''],
    ['too many elements', '0000 0100 00000000'.repeat(65)],
  ])('refuse %s', (_what, bytes) => {
    expect(() => decodeCommandSet(hex(bytes))).toThrow(expect.objectContaining({ code: 'command-malformed' }));
  });

  it('throw nothing else for any bytes', () => {
    const valid = commandOf(STORE_RQ);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }), fc.nat(valid.length), (damage, end) => {
        const bytes = Buffer.from(valid.subarray(0, end));
        for (const [at, byte] of damage) if (at < end) bytes[at] = byte;
        try {
          decodeCommandSet(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FirstreadError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
