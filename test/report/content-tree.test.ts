import { describe, expect, it } from 'vitest';
import { DCM, FRD, SCT, UCUM, codeItem, concept } from '../../src/report/coded-concepts.ts';
import { code, container, decimalString, image, num, polygon, text } from '../../src/report/content-tree.ts';

const IMAGE = { sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1', sopInstanceUid: '1.2.3' };

describe('coded concepts', () => {
  it.each([
    ['an empty value', '', 'DCM', 'meaning'],
    ['a backslash', 'A\\B', 'DCM', 'meaning'],
    ['a blank end', 'A ', 'DCM', 'meaning'],
    ['a long designator', 'A', '99FIRSTREADTRIAGE', 'meaning'],
    ['a long meaning', 'A', 'DCM', 'm'.repeat(65)],
    ['an empty meaning', 'A', 'DCM', ''],
    ['a control character', 'A', 'DCM', 'a\u001bb'],
  ])('refuse %s', (_, value, scheme, meaning) => expect(() => concept(value, scheme, meaning)).toThrow(/illegal/));

  it('put codes beyond 16 characters into LongCodeValue', () => {
    expect(codeItem(concept('A'.repeat(17), '99X', 'm'))).toHaveProperty('LongCodeValue');
    expect(codeItem(concept('A'.repeat(16), '99X', 'm'))).toHaveProperty('CodeValue');
  });

  it('of one scheme have one meaning per value', () => {
    const all = [...Object.values(DCM), ...Object.values(SCT), ...Object.values(FRD)];
    expect(new Set(all.map(({ scheme, value }) => `${scheme} ${value}`)).size).toBe(all.length);
    expect(Object.values(FRD).every(({ value }) => value.length <= 16)).toBe(true);
  });
});

describe('content items', () => {
  it('refuse relationships that the IOD does not allow', () => {
    expect(() => text('CONTAINS', DCM.finding, 'x', [container('CONTAINS', DCM.imageLibrary, [])])).toThrow(/TEXT CONTAINS CONTAINER/);
    expect(() => code('CONTAINS', DCM.finding, SCT.lung, [image('SELECTED FROM', IMAGE)])).toThrow(/not allowed/);
    expect(() => container('CONTAINS', DCM.imageLibrary, [num('HAS CONCEPT MOD', FRD.threshold, 1, UCUM.score)])).toThrow(/not allowed/);
  });

  it('refuse regions that are no area or too long', () => {
    expect(() => polygon('CONTAINS', DCM.imageRegion, [[0, 0], [1, 1]], IMAGE)).toThrow(/2 points/);
    expect(() => polygon('CONTAINS', DCM.imageRegion, Array.from({ length: 513 }, (_, i) => [i, i] as const), IMAGE)).toThrow(/513 points/);
  });

  it('clean and bound text', () => {
    expect(text('CONTAINS', DCM.finding, 'a\u001b[31m\nb').fields['TextValue']).toBe('a [31m b');
    expect(String(text('CONTAINS', DCM.finding, 'x'.repeat(5000)).fields['TextValue'])).toHaveLength(1024);
    expect(() => text('CONTAINS', DCM.finding, ' ')).toThrow(/needs text/);
  });
});

describe('decimal strings', () => {
  it.each([
    [87.43, '87.43'],
    [0, '0'],
    [100, '100'],
    [1 / 3, '0.3333'],
    [41.95833333333333, '41.9583'],
    [41.99999999999999, '41.9999'],
    [1e-9, '0'],
  ])('%d is %s', (value, expected) => {
    expect(decimalString(value)).toBe(expected);
    expect(expected.length).toBeLessThanOrEqual(16);
  });
  it('refuse what is no number', () => expect(() => decimalString(NaN)).toThrow(/not a plain number/));
});
