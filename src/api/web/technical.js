/**
 * What a program or a peer wrote, in English, for who mends it. It stands below what the page says of the same in its
 * reader's language, never in its place.
 */
import { bdi, h } from './dom.js';
import { plain } from './format.js';
import { t } from './strings.js';

export const technicalLine = (text) => h('span', { class: 'raw-line' }, h('span', { class: 'raw-label' }, t('technical.line')), ' ', bdi(plain(text), { lang: 'en' }));
