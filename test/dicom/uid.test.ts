import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/dicom/sha256.ts';
import { isValidUid, uidFromHash } from '../../src/dicom/uid.ts';

test('SHA-256 is the platform\'s', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    expect(Buffer.from(sha256(bytes)).toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  }));
});

test('the same parts give the same valid UID, other parts another', () => {
  // Fixed for ever: reports in archives were named so.
  expect(uidFromHash('report', '2.25.1', 'tuberculosis')).toBe(uidFromHash('report', '2.25.1', 'tuberculosis'));
  expect(uidFromHash('a', 'bc')).not.toBe(uidFromHash('ab', 'c'));
  fc.assert(fc.property(fc.array(fc.string(), { maxLength: 4 }), (parts) => {
    const uid = uidFromHash(...parts);
    expect(isValidUid(uid)).toBe(true);
    expect(uid.startsWith('2.25.')).toBe(true);
  }));
});

test.each([
  ['1.2.840.10008.1.2', true],
  ['0.0', true],
  ['1', false],
  ['1.02', false],
  ['1..2', false],
  ['1.2.', false],
  ['1.2a', false],
  ['../../etc', false],
  [`1.${'2'.repeat(62)}`, true],
  [`1.${'2'.repeat(63)}`, false],
])('%s', (uid, valid) => expect(isValidUid(uid)).toBe(valid));
