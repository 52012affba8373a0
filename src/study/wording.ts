/**
 * A sentence for people that travels as data (where a threshold comes from, whom it is for): in one language as somebody
 * wrote it, or in both of the page's. PURE. Reports and the command line say the English. Leaves out: the page's own words
 * (api/web/strings), which are chosen by a key.
 */
/** Of the page. */
export type Language = 'en' | 'vi';
export type BothLanguages = { readonly [language in Language]: string };

export type Wording = string | BothLanguages;

/** As long as one of them may be. */
export const WORDING_CHARACTERS_MAX = 1_000;

export const english = (words: Wording): string => (typeof words === 'string' ? words : words.en);

const isSentence = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= WORDING_CHARACTERS_MAX;

export function isWording(value: unknown): value is Wording {
  if (typeof value !== 'object' || value === null) return isSentence(value);
  const keys = Object.keys(value);
  return keys.length === 2 && isSentence((value as BothLanguages).en) && isSentence((value as BothLanguages).vi);
}
