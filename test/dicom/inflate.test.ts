import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inflate } from '../../src/dicom/inflate.ts';
import { FirstreadError } from '../../src/errors.ts';

const compressible = fc.oneof(
  fc.uint8Array({ maxLength: 4000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 })).map(([unit, times]) => Uint8Array.from({ length: unit.length * times }, (_, i) => unit[i % unit.length]!)),
);

test('gives back what zlib deflated, at every level and strategy', () => {
  fc.assert(fc.property(compressible, fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 4 }), (plain, level, strategy) => {
    const { bytes, complete } = inflate(new Uint8Array(deflateRawSync(plain, { level, strategy })));
    expect(complete).toBe(true);
    expect(Buffer.compare(bytes, plain)).toBe(0);
  }));
});

test('a stream cut anywhere gives a beginning of it, and says so', () => {
  fc.assert(fc.property(compressible, fc.double({ min: 0, max: 1, noNaN: true }), (plain, fraction) => {
    const deflated = new Uint8Array(deflateRawSync(plain));
    const { bytes, complete } = inflate(deflated.subarray(0, Math.floor(fraction * (deflated.length - 1))));
    expect(complete).toBe(false);
    expect(Buffer.compare(bytes, plain.subarray(0, bytes.length))).toBe(0);
  }));
});

test('random bytes end in output or a coded refusal', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
    try {
      inflate(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(FirstreadError);
    }
  }), { numRuns: 500 });
});

test('a bomb is refused long before it is inflated', () => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(256 * 2 ** 20)));
  const before = process.memoryUsage().arrayBuffers;
  expect(() => inflate(bomb)).toThrow(expect.objectContaining({ code: 'data-set-over-limit' }));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 2 ** 20);
});

test('the ceiling holds even where the ratio would allow more', () => {
  const limits = { outputMaxBytes: 1000, ratioMax: 100, ratioFreeBytes: 500 };
  expect(inflate(new Uint8Array(deflateRawSync(new Uint8Array(500))), limits).bytes.length).toBe(500);
  expect(() => inflate(new Uint8Array(deflateRawSync(Uint8Array.from({ length: 1001 }, (_, i) => i * 7))), limits)).toThrow(FirstreadError);
});
