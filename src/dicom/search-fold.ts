/**
 * The form in which names are compared: accent-insensitive (Nguyễn = Nguyen, Đức = duc, NFC = NFD), case-insensitive,
 * person name separators as spaces. Both the stored text and the search text go through it.
 */
const LETTERS: Readonly<Record<string, string>> = { đ: 'd', ð: 'd', ø: 'o', ł: 'l', ß: 'ss', æ: 'ae', œ: 'oe', ı: 'i' };

export function foldForSearch(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[đðøłßæœı]/g, (letter) => LETTERS[letter]!)
    .replace(/[\^=\\,;\s\0]+/g, ' ')
    .trim();
}
