/** Why a delivery has not arrived, in the page's language, by its code; `raw` is what was written about it, where that says more. */
import { plain } from './format.js';
import { hasText, t } from './strings.js';

export function deliveryWhy(code = '', text = '') {
  const [, who, reason] = code === 'dropped' ? (/^dropped by (.+?): (.*)$/.exec(plain(text)) ?? []) : [];
  if (reason !== undefined) return { words: t('delivery.why.dropped', { who, reason }) };
  const words = hasText(`delivery.why.${code}`) && code !== 'dropped' ? t(`delivery.why.${code}`)
    : code.startsWith('status-') ? t('delivery.why.status', { status: code.slice('status-'.length) })
    : /^E[A-Z]+$/.test(code) ? t('delivery.why.folder', { code })
    : t('delivery.why.other');
  return letters(words) === letters(text) || text === '' ? { words } : { words, raw: text };
}

const letters = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
