/**
 * An error where a person's browser asked for a page (a report that is gone, a link that lost its end): a few words in
 * their language and the way back, in place of JSON. No script, nothing of the request in it.
 */
import type { BothLanguages, Language } from '../study/wording.ts';

const WORDS: Readonly<Record<number, BothLanguages>> = {
  400: { en: 'This address is not complete or not right.', vi: 'Địa chỉ này không đủ hoặc không đúng.' },
  401: { en: 'Sign in first, then open it again.', vi: 'Hãy đăng nhập trước rồi mở lại.' },
  403: { en: 'You may not see this.', vi: 'Bạn không được phép xem mục này.' },
  404: { en: 'It is not here, or not any more.', vi: 'Không có ở đây, hoặc không còn nữa.' },
  410: { en: 'It is not kept any more.', vi: 'Mục này không còn được lưu.' },
  429: { en: 'Too much was asked at once: try again in a moment.', vi: 'Quá nhiều yêu cầu cùng lúc: hãy thử lại sau giây lát.' },
  503: { en: 'The server is busy: try again in a moment.', vi: 'Máy chủ đang bận: hãy thử lại sau giây lát.' },
};
const OTHERS: BothLanguages = { en: 'This could not be shown.', vi: 'Không hiển thị được mục này.' };
const BACK: BothLanguages = { en: 'To the worklist', vi: 'Về danh sách đọc' };

/** `message` and `code`: the catalogue's, for whoever is asked about it. */
export function errorPage({ httpStatus, code, message, language }: { readonly httpStatus: number; readonly code: string; readonly message: string; readonly language: Language }): string {
  const words = (WORDS[httpStatus] ?? OTHERS)[language];
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark light"><title>Firstread</title><link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/style.css"></head><body><main class="notice"><h2>${words}</h2><p class="raw-line" lang="en">${escaped(message)} (${code})</p><p><a href="/">${BACK[language]}</a></p></main></body></html>\n`;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** As the browser says it: a tab or window, not a script or a picture. */
export const isForAPage = (headers: Readonly<Record<string, string | readonly string[] | undefined>>): boolean => headers['sec-fetch-dest'] === 'document';
export const languageOf = (acceptLanguage: string | undefined): Language => (/^\s*vi\b/i.test(acceptLanguage ?? '') ? 'vi' : 'en');
