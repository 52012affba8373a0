/**
 * A model's card as elements. Only what cards use is understood (headings, paragraphs, quotes, lists, tables, pictures, bold,
 * emphasis, code); everything else stays the text it is. Nothing of it ever becomes markup: HTML in a card is shown as
 * written, links are shown as words (they point at files beside the card), pictures come from the model's own folder only.
 */
import { h } from '../dom.js';

const PICTURE = /^!\[([^\]]*)\]\(([A-Za-z0-9][A-Za-z0-9_-]{0,80}\.(?:png|svg))\)$/;
const BLOCKS_MAX = 2_000;

/** `pictureAddress(name)`: where a picture of this model is. `top`: the level that a card's first heading gets. */
export function cardView(markdown, pictureAddress, top = 2) {
  const lines = markdown.replaceAll('\r\n', '\n').split('\n');
  const blocks = [];
  let at = 0;
  /** Lines from here that fit, taken. */
  const take = (fits) => {
    const from = at;
    while (at < lines.length && fits(lines[at])) at += 1;
    return lines.slice(from, at);
  };

  while (at < lines.length && blocks.length < BLOCKS_MAX) {
    const line = lines[at];
    const heading = /^(#{1,6})\s+(.+)$/.exec(line);
    const picture = PICTURE.exec(line.trim());
    if (line.trim() === '') at += 1;
    else if (heading) {
      at += 1;
      blocks.push(h(`h${Math.min(6, heading[1].length + top - 1)}`, {}, inline(heading[2])));
    } else if (picture) {
      at += 1;
      blocks.push(h('figure', {}, h('img', { src: pictureAddress(picture[2]), alt: picture[1], loading: 'lazy' }), picture[1] !== '' && h('figcaption', {}, picture[1])));
    } else if (/^\s*>/.test(line)) blocks.push(h('blockquote', {}, h('p', {}, inline(take((one) => /^\s*>/.test(one)).map((one) => one.replace(/^\s*>\s?/, '')).join(' ')))));
    else if (isTable(lines, at)) blocks.push(tableOf(take((one) => one.trim().startsWith('|'))));
    else if (/^\s*[-*]\s+/.test(line)) blocks.push(h('ul', {}, items(take(isListLine(/^\s*[-*]\s+/)), /^\s*[-*]\s+/)));
    else if (/^\s*\d+[.)]\s+/.test(line)) blocks.push(h('ol', {}, items(take(isListLine(/^\s*\d+[.)]\s+/)), /^\s*\d+[.)]\s+/)));
    else {
      const first = at;
      const words = take((one) => one.trim() !== '' && !/^#{1,6}\s|^\s*>|^\s*[-*]\s+/.test(one) && !PICTURE.test(one.trim()) && !(at > first && isTable(lines, at)));
      blocks.push(h('p', {}, inline(words.join(' '))));
    }
  }
  return h('article', { class: 'model-card' }, blocks);
}

const isTable = (lines, at) => lines[at].trim().startsWith('|') && /^\s*\|?[\s:|-]+\|[\s:|-]*$/.test(lines[at + 1] ?? '') && (lines[at + 1] ?? '').includes('-');

/** A list goes on in lines that are indented. */
const isListLine = (mark) => (line) => mark.test(line) || /^\s{2,}\S/.test(line);

function items(lines, mark) {
  const each = [];
  for (const line of lines) {
    if (mark.test(line)) each.push(line.replace(mark, ''));
    else each[each.length - 1] += ` ${line.trim()}`;
  }
  return each.map((text) => h('li', {}, inline(text)));
}

function tableOf(lines) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
  const [head, , ...rows] = lines;
  const heads = cells(head);
  return h('div', { class: 'card-table', tabindex: '0', role: 'region', 'aria-label': heads.join(', ') }, h('table', {},
    h('thead', {}, h('tr', {}, heads.map((cell) => h('th', { scope: 'col' }, inline(cell))))),
    h('tbody', {}, rows.map((row) => h('tr', {}, cells(row).slice(0, heads.length).map((cell) => h('td', {}, inline(cell))))))));
}

/** Bold, emphasis, code and links inside a line; text stays text. */
export function inline(text) {
  const parts = [];
  const pattern = /`([^`]+)`|\*\*(.+?)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])|(?<!!)\[([^\]]+)\]\([^)]*\)/g;
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(from, match.index));
    const [, code, strong, emphasis, link] = match;
    parts.push(code !== undefined ? h('code', {}, code) : strong !== undefined ? h('strong', {}, inline(strong)) : emphasis !== undefined ? h('em', {}, emphasis) : link);
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== '');
}
