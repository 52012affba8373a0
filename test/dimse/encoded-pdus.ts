/**
 * PDUs byte by byte, each field with its meaning (PS3.8 §9.3): written by hand, so that encoder and decoder are checked
 * against the standard and not against each other.
 */

/** Turns commented hex lines into bytes: everything after "//" is for the reader. */
export function hex(lines: string): Uint8Array {
  const digits = lines.replace(/\/\/.*$/gm, '').replace(/\s+/g, '');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export const ascii = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** Two contexts: Verification in Implicit VR LE; CR Image in JPEG Lossless, then Explicit VR LE. */
export const ASSOCIATE_RQ = hex(`
  01 00 000000f9                             // A-ASSOCIATE-RQ, reserved, length 249
  0001 0000                                  // protocol version 1, reserved
  ${ascii('FIRSTREAD       ')}               // called AE title
  ${ascii('ROOM-1          ')}               // calling AE title
  ${'00'.repeat(32)}                         // reserved
  10 00 0015 ${ascii('1.2.840.10008.3.1.1.1')} // application context
  20 00 002e  01 00 00 00                    // presentation context, length 46, ID 1
    30 00 0011 ${ascii('1.2.840.10008.1.1')}   // abstract syntax: Verification
    40 00 0011 ${ascii('1.2.840.10008.1.2')}   // transfer syntax: Implicit VR Little Endian
  20 00 0052  03 00 00 00                    // presentation context, length 82, ID 3
    30 00 0019 ${ascii('1.2.840.10008.5.1.4.1.1.1')} // abstract syntax: CR Image Storage
    40 00 0016 ${ascii('1.2.840.10008.1.2.4.70')}    // transfer syntax: JPEG Lossless SV1
    40 00 0013 ${ascii('1.2.840.10008.1.2.1')}       // transfer syntax: Explicit VR Little Endian
  50 00 0010                                 // user information, length 16
    51 00 0004 00004000                        // maximum length: 16384
    52 00 0004 ${ascii('1.23')}                // implementation class UID
`);

export const RELEASE_RQ = hex('05 00 00000004 00000000');
export const RELEASE_RP = hex('06 00 00000004 00000000');
/** Source 0: service user. */
export const ABORT_BY_USER = hex('07 00 00000004 00 00 00 00');
/** Source 2: service provider; the reason is the last byte. */
export const abortByProvider = (reason: number): Uint8Array => hex(`07 00 00000004 00 00 02 ${reason.toString(16).padStart(2, '0')}`);
/** Result, source, reason. */
export const associateRj = (result: number, source: number, reason: number): Uint8Array => Uint8Array.of(3, 0, 0, 0, 0, 4, 0, result, source, reason);

/** Accepts context 1 in Implicit VR LE, refuses 3 (abstract syntax not supported), takes PDUs up to 16384. */
export const ASSOCIATE_AC = hex(`
  02 00 000000ab                             // A-ASSOCIATE-AC, reserved, length 171
  0001 0000                                  // protocol version 1, reserved
  ${ascii('FIRSTREAD       ')}               // reserved: called AE title as sent
  ${ascii('ROOM-1          ')}               // reserved: calling AE title as sent
  ${'00'.repeat(32)}                         // reserved
  10 00 0015 ${ascii('1.2.840.10008.3.1.1.1')} // application context
  21 00 0019  01 00 00 00                    // presentation context, length 25, ID 1, result 0: acceptance
    40 00 0011 ${ascii('1.2.840.10008.1.2')}   // transfer syntax
  21 00 0019  03 00 03 00                    // presentation context, length 25, ID 3, result 3: abstract syntax not supported
    40 00 0011 ${ascii('1.2.840.10008.1.2')}   // not significant
  50 00 0010                                 // user information, length 16
    51 00 0004 00004000                        // maximum length: 16384
    52 00 0004 ${ascii('1.23')}                // implementation class UID
`);

/** C-ECHO-RQ, message 7, as the only PDV on context 1. */
export const ECHO_RQ = hex(`
  04 00 0000004a                             // P-DATA-TF, length 74
  00000046 01 03                             // PDV length 70, context 1, command and last fragment
  0000 0000 04000000 38000000                // (0000,0000) CommandGroupLength: 56
  0000 0200 12000000 ${ascii('1.2.840.10008.1.1')}00 // (0000,0002) AffectedSOPClassUID, padded with NUL
  0000 0001 02000000 3000                    // (0000,0100) CommandField: C-ECHO-RQ
  0000 1001 02000000 0700                    // (0000,0110) MessageID: 7
  0000 0008 02000000 0101                    // (0000,0800) CommandDataSetType: none
`);

export const ECHO_RSP = hex(`
  04 00 00000054                             // P-DATA-TF, length 84
  00000050 01 03                             // PDV length 80, context 1, command and last fragment
  0000 0000 04000000 42000000                // (0000,0000) CommandGroupLength: 66
  0000 0200 12000000 ${ascii('1.2.840.10008.1.1')}00 // (0000,0002) AffectedSOPClassUID
  0000 0001 02000000 3080                    // (0000,0100) CommandField: C-ECHO-RSP
  0000 2001 02000000 0700                    // (0000,0120) MessageIDBeingRespondedTo: 7
  0000 0008 02000000 0101                    // (0000,0800) CommandDataSetType: none
  0000 0009 02000000 0000                    // (0000,0900) Status: success
`);

/** C-STORE-RQ, message 9, CR Image Storage, instance 1.2.3.4, on context 3. */
export const STORE_RQ = hex(`
  04 00 0000006c                             // P-DATA-TF, length 108
  00000068 03 03                             // PDV length 104, context 3, command and last fragment
  0000 0000 04000000 5a000000                // (0000,0000) CommandGroupLength: 90
  0000 0200 1a000000 ${ascii('1.2.840.10008.5.1.4.1.1.1')}00 // (0000,0002) AffectedSOPClassUID
  0000 0001 02000000 0100                    // (0000,0100) CommandField: C-STORE-RQ
  0000 1001 02000000 0900                    // (0000,0110) MessageID: 9
  0000 0007 02000000 0000                    // (0000,0700) Priority: medium
  0000 0008 02000000 0100                    // (0000,0800) CommandDataSetType: present
  0000 0010 08000000 ${ascii('1.2.3.4')}00   // (0000,1000) AffectedSOPInstanceUID
`);

/** A P-DATA-TF with one PDV. Control: 1 command, 2 last fragment. */
export function pData(contextId: number, control: number, fragment: Uint8Array): Uint8Array {
  const header = Buffer.alloc(12);
  header[0] = 4;
  header.writeUInt32BE(fragment.length + 6, 2);
  header.writeUInt32BE(fragment.length + 2, 6);
  header[10] = contextId;
  header[11] = control;
  return Buffer.concat([header, fragment]);
}

/** The status of a response in one P-DATA-TF: the value of (0000,0900). */
export function statusOf(pdu: Uint8Array): number {
  const at = Buffer.from(pdu).indexOf(hex('0000 0009 02000000'));
  return at < 0 ? -1 : pdu[at + 8]! | (pdu[at + 9]! << 8);
}
