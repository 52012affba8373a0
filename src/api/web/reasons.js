/** The one line of a row in the page's language. English comes from the server as it is; Vietnamese is put together here. */
import { plain, scoreText, thresholdText } from './format.js';
import { REASONS_VI } from './reasons-vi.js';
import { currentLanguage, t } from './strings.js';

const capitalised = (text) => text.charAt(0).toLocaleUpperCase('vi') + text.slice(1);
const vietnamese = (reason) => REASONS_VI[reason.code] ?? plain(reason.text);

export const reasonText = (reason) => (currentLanguage() === 'vi' ? vietnamese(reason) : plain(reason.text));

export function reasonLine(row) {
  if (currentLanguage() !== 'vi') return plain(row.reason.text);
  const scores = (findings) => findings.map((one) => `${t(`family.${one.family}`)} ${scoreText(one.score)} (${t(one.siteThreshold === undefined ? 'panel.threshold' : 'panel.siteThreshold', { n: thresholdText(one.threshold) })})`).join(', ');
  const flagged = row.findings.filter((one) => one.flagged);
  const parts = [];
  if (flagged.length > 0) parts.push(scores(flagged));
  else if (row.reason.code === 'below-threshold') parts.push(`${vietnamese(row.reason)}: ${row.findings.map((one) => `${t(`family.${one.family}`)} ${scoreText(one.score)}`).join(', ')}`);
  else parts.push(capitalised(vietnamese(row.reason)));
  if (row.attention !== null && row.attention.code !== row.reason.code) parts.push(vietnamese(row.attention));
  for (const missing of row.notAssessed) parts.push(`${t(`family.${missing.family}`)} ${t('panel.notAssessed')}: ${vietnamese(missing.reason)}`);
  for (const missing of row.partlyNotAssessed) parts.push(`${t(`family.${missing.family}`)}: ảnh khác chưa được đánh giá (${vietnamese(missing.reason)})`);
  if (row.reopenedReason !== null) parts.push(vietnamese(row.reopenedReason));
  return parts.join(' · ');
}
