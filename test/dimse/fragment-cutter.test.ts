import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FragmentCutter } from '../../src/dimse/fragment-cutter.ts';

it('cuts any chunks into the same bytes: even fragments, full but for the last, which is never empty unless all is', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }), fc.integer({ min: 2, max: 40 }), fc.boolean(), (chunks, fragmentMaxBytes, pads) => {
      const cutter = new FragmentCutter(fragmentMaxBytes);
      const full = chunks.flatMap((chunk) => [...cutter.push(chunk)]);
      if (pads) cutter.padToEven();
      const last = cutter.rest();
      const sent = Buffer.concat([...full, last].flatMap((fragment) => fragment.parts));
      const pushed = Buffer.concat(chunks);
      expect(sent.equals(pads && pushed.length % 2 === 1 ? Buffer.concat([pushed, Buffer.alloc(1)]) : pushed)).toBe(true);
      for (const fragment of full) expect(fragment.byteLength).toBe(fragmentMaxBytes - (fragmentMaxBytes % 2));
      for (const { parts, byteLength } of [...full, last]) expect(Buffer.concat(parts).length).toBe(byteLength);
      expect(last.byteLength).toBeLessThanOrEqual(fragmentMaxBytes);
      if (pushed.length > 0) expect(last.byteLength).toBeGreaterThan(0);
    }),
  );
});
