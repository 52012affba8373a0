/**
 * Where a finding's threshold comes from, in the page's language: the site's own (with its name and for whom it holds), or
 * the model's. Nothing where nobody knows.
 */
import { plain } from './format.js';
import { t, worded } from './strings.js';

export function thresholdOrigin({ siteThreshold }, model) {
  const words = siteThreshold === undefined ? [model?.thresholdOrigin] : [siteThreshold.id, siteThreshold.group, siteThreshold.origin];
  const line = words.filter(Boolean).map((part) => plain(worded(part))).filter(Boolean).join(' · ');
  return line === '' ? undefined : t('panel.thresholdFrom', { origin: line });
}
