import { describe, expect, test } from 'vitest';
import { decodeText, recogniseEncoding, splitValues } from '../../src/dicom/character-set.ts';
import { foldForSearch } from '../../src/dicom/search-fold.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Text with bytes above 7F written as \xNN. */
const bytes = (text: string): Uint8Array => Uint8Array.from([...text].map((character) => character.charCodeAt(0)));

describe('the examples of PS3.5 annexes H, I, J and K', () => {
  test.each([
    ['H.3-1', ['', 'ISO 2022 IR 87'], 'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B', 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
    ['H.3-2', ['ISO 2022 IR 13', 'ISO 2022 IR 87'], '\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J', 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう'],
    ['I.2-1', ['', 'ISO 2022 IR 149'], 'Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf', 'Hong^Gildong=洪^吉洞=홍^길동'],
    ['J.1', ['ISO_IR 192'], 'Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=', 'Wang^XiaoDong=王^小東='],
    ['J.2', ['GB18030'], 'Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=', 'Wang^XiaoDong=王^小东='],
    ['K.2', ['', 'ISO 2022 IR 58'], 'Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=', 'Zhang^XiaoDong=张^小东='],
  ])('%s', (_name, terms, encoded, expected) => expect(decodeText(bytes(encoded), terms)).toEqual({ text: expected, guessed: false }));

  test('half-width katakana (ISO_IR 13)', () => {
    expect(decodeText(bytes('\xd4\xcf\xc0\xde^\xc0\xdb\xb3'), 'ISO_IR 13')).toEqual({ text: 'ﾔﾏﾀﾞ^ﾀﾛｳ', guessed: false });
  });
});

test('single byte sets without extensions', () => {
  expect(decodeText(hex('4275635e4ae972f46d65'), 'ISO_IR 100')).toEqual({ text: 'Buc^Jérôme', guessed: false });
  expect(decodeText(hex('bbeedae1d5dcd1e3e0d3'), 'ISO_IR 144').text).toBe('Люксембург');
  expect(decodeText(hex('c4e9efedf5f3e9eff2'), 'ISO_IR 126').text).toBe('Διονυσιος');
  expect(decodeText(hex('cfe0f1e0'), 'ISO_IR 999')).toMatchObject({ guessed: true });
});

describe('wrongly declared sets', () => {
  const name = 'NGUYỄN^VĂN ĐỨC';
  test.each([[undefined], [''], ['ISO_IR 6'], ['ISO_IR 100'], [['ISO_IR 100']], ['nonsense']])('raw UTF-8 under %s', (declared) => {
    expect(decodeText(utf8(name), declared)).toEqual({ text: name, guessed: true });
    expect(decodeText(utf8(name.normalize('NFD')), declared)).toEqual({ text: name, guessed: true });
  });

  /** windows-1258: tones are combining bytes behind the vowel. */
  const NGUYEN_VAN_DUC = hex('4e475559cade4e 5e 56c34e 20 d0ddec43');
  test.each([[undefined], ['ISO_IR 6'], ['ISO_IR 100'], ['ISO_IR 192']])('windows-1258 under %s', (declared) => {
    expect(decodeText(NGUYEN_VAN_DUC, declared)).toEqual({ text: name, guessed: true });
  });

  test('what is really Latin 1 stays Latin 1', () => {
    for (const text of ['Müller^Jürgen', 'Señor^Ñoño', 'François^Aïda', 'Sigurðsson^Þór', 'Niccolò^Bellò', 'Ångström^Åsa', 'Lê^Thi']) {
      const bytes = Uint8Array.from([...text].map((character) => character.charCodeAt(0)));
      expect(decodeText(bytes, 'ISO_IR 100'), text).toEqual({ text, guessed: false });
    }
  });

  test('spellings of the term that are seen in the field', () => {
    for (const term of ['ISO_IR 192', 'ISO-IR 192', 'ISO IR 192', 'iso_ir 192 ', 'ISO_IR192', 'UTF-8']) expect(decodeText(utf8(name), term)).toEqual({ text: name, guessed: false });
  });

  test('declared UTF-8 that is Latin 1', () => {
    expect(decodeText(hex('4ae972f46d65'), 'ISO_IR 192')).toEqual({ text: 'Jérôme', guessed: true });
  });

  test('the recognition of the whole data set holds for each value', () => {
    // Too little to tell by itself: "Lê" in Latin 1 and in windows-1258 is the same byte, "Văn" is not.
    const pooled = { terms: ['ISO_IR 100'], recognised: recogniseEncoding(NGUYEN_VAN_DUC, 'ISO_IR 100')! };
    expect(pooled.recognised).toBe('windows-1258');
    expect(decodeText(hex('56e36e'), pooled)).toEqual({ text: 'văn'.replace('v', 'V'), guessed: true });
    expect(decodeText(hex('56e36e'), 'ISO_IR 100')).toEqual({ text: 'Vãn', guessed: false });
  });
});

test('a backslash inside a double-byte character is not a separator', () => {
  // GB18030 A4 5C is one character; 5C alone separates.
  const { text } = decodeText(hex('815c 5c 41'), 'GB18030');
  expect(splitValues(text)).toHaveLength(2);
  // JIS X 0208 41 5C (a kanji) between its escapes.
  expect(splitValues(decodeText(hex('1b2442415c1b2842'), ['', 'ISO 2022 IR 87']).text)).toHaveLength(1);
});

test.each([
  ['NGUYỄN^VĂN ĐỨC', 'nguyen van duc'],
  ['Nguyễn Văn Đức'.normalize('NFD'), 'nguyen van duc'],
  ['nguyen van duc', 'nguyen van duc'],
  ['Buc^Jérôme', 'buc jerome'],
  ['Straße', 'strasse'],
  ['İSTANBUL', 'istanbul'],
  ['Yamada^Tarou=山田^太郎', 'yamada tarou 山田 太郎'],
  ['  A\\B  ', 'a b'],
])('%s folds to %s', (text, folded) => expect(foldForSearch(text)).toBe(folded));
