/** What the tabs share: amounts, states, facts, tables, buttons that copy or ask why. */
import { bdi, h } from '../dom.js';
import { locale } from '../format.js';
import { icon } from '../icons.js';
import { t } from '../strings.js';
import { toast } from '../toast.js';

export const number = (value, digits = 0) => value.toLocaleString(locale(), { maximumFractionDigits: digits });

export function bytes(value) {
  const [unit, size] = [['TB', 1e12], ['GB', 1e9], ['MB', 1e6]].find(([, each]) => value >= each) ?? ['MB', 1e6];
  const amount = value / size;
  return `${number(amount, amount < 10 ? 1 : 0)} ${unit}`;
}

/** `kind`: ok, busy, call (somebody must do something), off. Shape and word tell; colour helps. */
const SIGNS = { ok: 'check', busy: 'analysing', call: 'attention', off: 'not-analysed' };
export const state = (kind, text) => h('span', { class: `state-mark ${kind}` }, icon(SIGNS[kind]), h('span', {}, text));

export const emptyView = (title, hint, sign = 'check') => h('div', { class: 'ops-empty' }, h('span', { class: 'ops-empty-sign' }, icon(sign)), h('p', { class: 'ops-empty-title' }, title), hint && h('p', {}, hint));
export const loadingView = () => h('div', { class: 'ops-loading', role: 'status', 'aria-label': t('ops.loading') }, Array.from({ length: 4 }, () => h('div', { class: 'bone' })));
export const problemView = (words, onAgain) => h('div', { class: 'ops-empty', role: 'alert' }, h('span', { class: 'ops-empty-sign call' }, icon('attention')), h('p', { class: 'ops-empty-title' }, words), h('button', { type: 'button', onclick: onAgain }, t('ops.again')));

export const section = (title, aside, ...content) => h('section', { class: 'ops-section' }, h('h2', {}, title, aside && h('span', { class: 'aside' }, aside)), content);
export const facts = (pairs, attributes) => h('dl', { class: 'ops-facts', ...attributes }, pairs.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));

/** Cells are text or elements; `heads`: [text, class]. On a phone each row becomes a card with the heads beside the cells. */
export function table(label, heads, rows) {
  return h('div', { class: 'ops-table-box', tabindex: '0', role: 'region', 'aria-label': label }, h('table', { class: 'ops-table' },
    h('thead', {}, h('tr', {}, heads.map(([text, name]) => h('th', { scope: 'col', class: name }, text)))),
    h('tbody', {}, rows.map(({ name, cells }) => h('tr', { class: name }, cells.map((cell, at) => h('td', { class: heads[at][1], 'data-head': heads[at][0] }, cell)))))));
}

export function copyButton(value, label) {
  const button = h('button', { type: 'button', class: 'quiet copy', title: t('ops.copy'), 'aria-label': `${t('ops.copy')}: ${label}` }, icon('copy'));
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard?.writeText(value).then(() => true, () => false) ?? false;
    toast(copied ? t('ops.copied', { what: label }) : t('ops.notCopied', { value }));
  });
  return button;
}

/** A choice among a few, as pressed buttons. `choices`: [value, text, number]. */
export const choose = (label, choices, chosen, onChoose) => h('div', { class: 'chooser', role: 'group', 'aria-label': label }, choices.map(([value, text, n]) =>
  h('button', { type: 'button', class: 'chooser-button', 'aria-pressed': String(value === chosen), 'data-focus': `choose ${label} ${value}`, onclick: () => onChoose(value) }, text, n !== undefined && h('span', { class: 'number' }, number(n)))));

/** Asks for a reason; nothing where it was not given. The focus goes back to what opened it. */
export function askWhy({ title, words, confirm, danger = false }) {
  return new Promise((resolve) => {
    const input = h('input', { type: 'text', name: 'reason', required: true, minlength: '3', maxlength: '200', autocomplete: 'off' });
    const dialog = h('dialog', { class: 'ask', 'aria-label': title }, h('form', { method: 'dialog' },
      h('h2', {}, title), words && h('p', { class: 'ask-words' }, words),
      h('label', {}, t('ops.reason'), input), h('p', { class: 'sub' }, t('ops.reason.hint')),
      h('div', { class: 'ask-buttons' }, h('button', { type: 'button', onclick: () => dialog.close() }, t('do.cancel')), h('button', { type: 'submit', class: danger ? 'danger' : 'primary', value: 'yes' }, confirm))));
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'yes' ? input.value.trim() : undefined);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export const studyLink = (uid, words) => h('a', { href: `/#study=${uid}` }, bdi(words));
