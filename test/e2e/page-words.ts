/**
 * What a page says, word by word: every visible text and every name, hint and head that an attribute gives, with where it
 * stands; and which of it uses words that the page's language does not have.
 */
import type { Page } from 'playwright-core';

export interface Said {
  readonly text: string;
  /** Element and class of what says it, e.g. "span.sub". */
  readonly where: string;
}

/** Runs in the page. What is marked as another language (lang) than the page's says so itself, and is left out. */
const LOOK = `(() => {
  const language = document.documentElement.lang;
  const foreign = (element) => { const own = element.closest('[lang]'); return own !== null && own.lang !== language; };
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const where = (element) => element.tagName.toLowerCase() + (typeof element.className === 'string' && element.className !== '' ? '.' + element.className.split(' ')[0] : '');
  const said = [];
  const add = (element, text, how = '') => { const words = text.replace(/\\s+/g, ' ').trim(); if (words !== '' && !foreign(element)) said.push({ text: words, where: where(element) + how }); };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) if (shown(node.parentElement) || node.parentElement.closest('option') !== null) add(node.parentElement, node.data);
  for (const element of document.body.querySelectorAll('*')) for (const name of ['title', 'aria-label', 'placeholder', 'alt', 'data-head']) if (element.hasAttribute(name) && shown(element)) add(element, element.getAttribute(name), '[' + name + ']');
  add(document.documentElement, document.title, '[title]');
  return said;
})()`;

export const wordsOf = (page: Page): Promise<readonly Said[]> => page.evaluate<readonly Said[]>(LOOK);

/** Words of at least three letters; not what has digits or underscores in it: identifiers, AE titles, addresses, hashes. */
const wordsIn = (text: string): readonly string[] => text.replace(/\S*[\d_]\S*/g, ' ').toLowerCase().match(/\p{L}[\p{L}\p{M}]{2,}/gu) ?? [];

export const vocabulary = (texts: Iterable<string>): Set<string> => new Set([...texts].flatMap((text) => wordsIn(text.normalize('NFC').replace(/\{\w+\}/g, ' '))));

/** What uses a word that is not among these: a sentence in another language, or one that nobody wrote for this page. */
export function strangersIn(said: readonly Said[], known: ReadonlySet<string>): readonly string[] {
  const strange = said.flatMap(({ text, where }) => {
    const words = wordsIn(text.normalize('NFC')).filter((word) => !known.has(word));
    return words.length === 0 ? [] : [`${where}: ${text.slice(0, 160)} (${[...new Set(words)].join(', ')})`];
  });
  return [...new Set(strange)];
}
