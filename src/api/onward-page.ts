/** A page that only goes on to one of ours: no script, so that the strict policy holds; what it names is checked here. */
import assert from 'node:assert/strict';

/** Our own pages, with a search and a place in them; never another host (`//`, `\\`), never anything that ends an attribute. */
export const PAGE_PATH = '^/(?:[a-z][a-z-]{0,30}\\.html)?(?:\\?[A-Za-z0-9=&._%+-]{0,500})?(?:#[A-Za-z0-9=&._%+/-]{0,500})?$';
const page = new RegExp(PAGE_PATH);

export function onwardPage(to: string): string {
  assert(page.test(to), 'not a page of ours');
  const address = to.replaceAll('&', '&amp;');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="dark light"><meta http-equiv="refresh" content="0;url=${address}"><title>Firstread</title><p><a href="${address}">Firstread</a></p></html>\n`;
}
