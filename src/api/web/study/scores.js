/** Scores beside their thresholds: where the threshold comes from, which model said it, and what readers said of it. */
import { bdi, h } from '../dom.js';
import { plain, scoreText, thresholdText } from '../format.js';
import { icon } from '../icons.js';
import { reasonText } from '../reasons.js';
import { t } from '../strings.js';
import { thresholdOrigin } from '../threshold-origin.js';

/** `onJudge(verdict, finding)`: agree, disagree or note. */
export function scoresSection({ assessment, feedback = [] }, { models, mayJudge, onJudge }) {
  const { findings, notAssessed } = assessment;
  if (findings.length === 0 && notAssessed.length === 0) return undefined;
  // The keys speak of what is flagged, or of everything where nothing is (feedback.js).
  const anyFlagged = findings.some((finding) => finding.flagged);
  return h('section', { class: 'scores' }, h('h3', {}, t('panel.findings'), h('span', { class: 'aside' }, t('panel.only'))),
    findings.map((finding) => score(finding, models.get(finding.model.sha256), feedback.filter((one) => one.family === finding.family), { mayJudge, onJudge, hasKeys: finding.flagged || !anyFlagged })),
    notAssessed.map((one) => h('p', { class: 'score-none' }, `${t(`family.${one.family}`)}: ${t('panel.notAssessed')} – ${reasonText(one.reason)}`)));
}

function score(finding, model, feedback, { mayJudge, onJudge, hasKeys }) {
  const kind = finding.family === 'tuberculosis' ? 'region' : 'box';
  const meter = h('div', { class: `meter ${kind}${finding.flagged ? ' over' : ''}`, 'aria-hidden': 'true' }, h('i', {}), h('b', {}));
  meter.firstChild.style.width = `${Math.max(0, Math.min(100, finding.score))}%`;
  meter.lastChild.style.left = `${Math.max(0, Math.min(100, finding.threshold))}%`;
  const origin = thresholdOrigin(finding, model);
  const axis = finding.longAxisMm === undefined || !finding.flagged ? undefined : t(finding.longAxisAtDetector ? 'panel.axisDetector' : 'panel.axis', { n: Math.round(finding.longAxisMm) });
  return h('div', { class: 'score' },
    h('span', { class: 'score-name' }, t(`family.${finding.family}`)),
    h('span', { class: 'score-number' }, scoreText(finding.score)),
    h('span', { class: 'score-words' }, [t(finding.siteThreshold === undefined ? 'panel.threshold' : 'panel.siteThreshold', { n: thresholdText(finding.threshold) }), finding.flagged ? t('panel.flagged') : t('panel.below'), axis].filter(Boolean).join(' · ')),
    meter,
    h('span', { class: 'score-model', title: `SHA-256 ${finding.model.sha256}` }, [t('panel.model', { name: plain(finding.model.name), version: plain(finding.model.version) }), model?.status === 'interim' && t('panel.interim')].filter(Boolean).join(' · ')),
    origin !== undefined && h('span', { class: 'score-origin' }, bdi(origin)),
    mayJudge && verdicts(finding, feedback, { onJudge, hasKeys }),
    feedback.map(said));
}

function verdicts(finding, feedback, { onJudge, hasKeys }) {
  const own = feedback.find((one) => one.mine)?.verdict;
  const button = (what, key) => h('button', {
    type: 'button', class: 'verdict-button', 'data-keep': `${finding.family} ${what}`, 'aria-pressed': what === 'note' ? undefined : String(own === what), onclick: () => onJudge(what, finding),
  }, icon(what), t(`feedback.${what}`), hasKeys && h('kbd', { 'aria-hidden': 'true' }, key));
  return h('div', { class: 'verdicts', role: 'group', 'aria-label': t(`family.${finding.family}`) }, button('agree', 'a'), button('disagree', 'd'), button('note', 'n'));
}

const said = (one) => h('p', { class: 'said' }, icon(one.verdict), h('span', {}, bdi(plain(one.by)), `: ${t(`feedback.${one.verdict}`)}`, one.note && [' – ', bdi(plain(one.note))]));
