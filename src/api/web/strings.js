/** The page's words in the reader's language: which one it is, and how a key becomes text. The words are in strings/. */
import en from './strings/en.js';
import vi from './strings/vi.js';

const STRINGS = { en, vi };
const KEPT_AS = 'firstread.language';

let language = Object.hasOwn(STRINGS, localStorage.getItem(KEPT_AS) ?? '') ? localStorage.getItem(KEPT_AS) : navigator.language.startsWith('vi') ? 'vi' : 'en';
document.documentElement.lang = language;

export const currentLanguage = () => language;

export function switchLanguage() {
  language = language === 'en' ? 'vi' : 'en';
  localStorage.setItem(KEPT_AS, language);
  document.documentElement.lang = language;
}

export function t(key, values = {}) {
  const text = STRINGS[language][key];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (_all, name) => String(values[name] ?? ''));
}

export const hasText = (key) => Object.hasOwn(STRINGS.en, key);

/** For the test that no language lacks a string. */
export const ALL_STRINGS = STRINGS;
