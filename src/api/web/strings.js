/**
 * The page's words in the reader's language: which one it is, and how a key becomes text. The words are in strings/;
 * only one language's are fetched. Whoever imports this waits for them.
 */
const TEXTS = { en: () => import('./strings/en.js'), vi: () => import('./strings/vi.js') };
const KEPT_AS = 'firstread.language';

let language = Object.hasOwn(TEXTS, localStorage.getItem(KEPT_AS) ?? '') ? localStorage.getItem(KEPT_AS) : navigator.language.startsWith('vi') ? 'vi' : 'en';
document.documentElement.lang = language;
let texts = (await TEXTS[language]()).default;

export const currentLanguage = () => language;

/** Rejects where the other language's words do not come; nothing has changed then. */
export async function switchLanguage() {
  const other = language === 'en' ? 'vi' : 'en';
  texts = (await TEXTS[other]()).default;
  language = other;
  localStorage.setItem(KEPT_AS, language);
  document.documentElement.lang = language;
}

export function t(key, values = {}) {
  const text = texts[key];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (_all, name) => String(values[name] ?? ''));
}

/** A sentence that came as data: in one language as somebody wrote it, or in both (study/wording.ts). */
export const worded = (words) => (typeof words === 'string' ? words : words[language] ?? words.en);

export const hasText = (key) => Object.hasOwn(texts, key);
