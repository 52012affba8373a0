/** Below the pictures: each score beside its threshold, where that comes from, which model said it, and what it is for. */
import { bdi, h } from '../web/dom.js';
import { plain, scoreText, thresholdText } from '../web/format.js';
import { icon } from '../web/icons.js';
import { t } from '../web/strings.js';
import { thresholdOrigin } from '../web/threshold-origin.js';

export function legend(picture, models) {
  const findings = picture?.image.findings ?? [];
  return [
    h('strong', {}, t('panel.only')),
    ...findings.map((finding) => {
      const model = models.get(finding.model.sha256);
      const origin = thresholdOrigin(finding, model);
      return h('span', { class: `legend ${finding.family === 'tuberculosis' ? 'region' : 'box'}${finding.flagged ? ' over' : ''}`, title: origin },
        finding.flagged && icon('flagged'),
        h('b', {}, `${t(`family.${finding.family}`)} ${scoreText(finding.score)}`),
        ` ${t(finding.siteThreshold === undefined ? 'panel.threshold' : 'panel.siteThreshold', { n: thresholdText(finding.threshold) })} · ${finding.flagged ? t('panel.flagged') : t('panel.below')} · `,
        bdi(t('panel.model', { name: plain(finding.model.name), version: plain(finding.model.version) })), model?.status === 'interim' ? ` · ${t('panel.interim')}` : '',
        origin && h('span', { class: 'origin' }, ' · ', bdi(origin)));
    }),
  ];
}
