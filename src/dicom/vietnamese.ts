/**
 * Is this windows-1258? There, five tones are combining bytes after their vowel (CC grave, D2 hook, DE tilde, EC acute,
 * F2 dot below), which in Latin 1 would be Ì Ò Þ ì ò. The bytes count as Vietnamese when every word with a high byte
 * decodes to the shape of a Vietnamese syllable and at least one tone stands on a vowel.
 */
const windows1258 = new TextDecoder('windows-1258');

const INITIAL = '(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx])?';
const VOWELS = '[aăâeêioôơuưy]{1,3}';
const FINAL = '(?:ch|nh|ng|[cmnpt])?';
const SYLLABLE = new RegExp(`^${INITIAL}${VOWELS}${FINAL}$`, 'u');
const TONES = /[\u0300\u0301\u0303\u0309\u0323]/gu;
const TONE_BYTES = new Set([0xcc, 0xd2, 0xde, 0xec, 0xf2]);

function isSyllable(word: string): boolean {
  // Only the tone mark goes; the circumflex, breve and horn belong to the letter.
  const letters = word.toLowerCase().normalize('NFD').replace(TONES, '').normalize('NFC');
  return SYLLABLE.test(letters);
}

export function looksVietnamese(bytes: Uint8Array): boolean {
  if (!bytes.some((byte) => TONE_BYTES.has(byte))) return false;
  const words = windows1258.decode(bytes).split(/[^\p{L}\p{M}]+/u);
  const marked = words.filter((word) => /[^\x00-\x7f]/.test(word));
  // A tone that follows nothing, or a consonant, is Latin 1 after all.
  return marked.length > 0 && marked.every((word) => isSyllable(word.normalize('NFC'))) && marked.some((word) => TONES_IN.test(word.normalize('NFD')));
}

const TONES_IN = /[aeiouy][\u0302\u0306\u031b]?[\u0300\u0301\u0303\u0309\u0323]/iu;
