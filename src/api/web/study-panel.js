/** One study beside the list: the picture with its overlay, scores beside thresholds, what may be done, the journal. */
import * as api from './api.js';
import { bdi, h, setAttribute } from './dom.js';
import { ageAndSex, clock, megabytes, personName, plain, scoreText, studyMoment, thresholdText } from './format.js';
import { icon } from './icons.js';
import { drawOverlay, marksSomething } from './overlay.js';
import { journalText, reasonLine, reasonText } from './reasons.js';
import { flagBadge, isDone, marksOf } from './row-view.js';
import { hasText, t } from './strings.js';

/** `models`: by their SHA-256, as /api/models tells them. */
export function createPanel({ permissions, models, onClose, onAct, onWhy }) {
  const element = h('aside', { class: 'panel', hidden: true, tabindex: '-1' });
  let detail;
  let imageAt = 0;
  let overlayShown = true;
  let wide = false;
  let why;
  let shownPicture;
  let technicalOpen = false;

  const may = (permission) => permissions.includes(permission);

  function render() {
    if (detail === undefined) return;
    const hadFocus = element.contains(document.activeElement);
    const scrolled = element.querySelector('.panel-scroll')?.scrollTop ?? 0;
    const { row } = detail;
    element.setAttribute('aria-label', t('panel.label'));
    element.className = `panel ${wide ? 'wide' : ''}`;
    element.replaceChildren(header(row), h('div', { class: 'panel-scroll' }, verdict(row), picture(), facts(row)), actions(row));
    element.querySelector('.panel-scroll').scrollTop = scrolled;
    if (hadFocus) element.focus({ preventScroll: true });
  }

  const header = (row) => h('header', { class: 'panel-head' },
    h('div', { class: 'panel-title' },
      h('h2', {}, bdi(personName(row.patientName)), h('span', { class: 'marks' }, marksOf(row))),
      h('p', { class: 'sub' }, [ageAndSex({ patientSex: row.facts.patientSex, patientAgeYears: row.order.patientAgeYears }), plain(row.patientId), plain(row.facts.studyDescription ?? ''), studyMoment(row.facts.studyDate, row.facts.studyTime)].filter(Boolean).join(' · '))),
    h('button', { class: 'quiet', type: 'button', 'aria-label': t('panel.close'), title: `${t('panel.close')} (Esc)`, onclick: onClose }, icon('close')));

  function picture() {
    // Another encoding of the same picture is not another picture.
    const pictures = detail.images.filter((image) => image.hasPixels && image.status !== 'variant');
    const named = (image, at) => {
      const view = plain(image.viewPosition ?? '');
      const alike = pictures.filter((other) => plain(other.viewPosition ?? '') === view).length;
      return view === '' ? t('panel.image', { n: at + 1 }) : alike > 1 ? `${view} ${at + 1}` : view;
    };
    const image = pictures[Math.min(imageAt, pictures.length - 1)];
    const tools = h('div', { class: 'picture-tools' },
      pictures.length > 1 && pictures.map((one, at) => h('button', { type: 'button', class: 'chip', 'aria-pressed': String(one === image), onclick: () => choose(at) }, named(one, at))),
      h('span', { class: 'spacer' }),
      image !== undefined && marksSomething(image) && h('button', { type: 'button', class: 'chip', 'aria-pressed': String(overlayShown), title: 'o', onclick: () => toggleOverlay() }, icon('layers'), t('panel.overlay')),
      h('button', { type: 'button', class: 'chip', 'aria-pressed': String(wide), title: 'z', onclick: () => toggleWide() }, icon('wide'), t('panel.wide')));
    const frame = h('div', { class: 'frame' });
    const show = () => {
      if (image === undefined) return frame.replaceChildren(noPicture());
      const img = pictureOf(image.fileKey);
      setAttribute(img, 'alt', t('panel.picture', { n: pictures.indexOf(image) + 1, count: pictures.length }));
      // The picture's own shape holds its place before its bytes are here.
      const stage = h('div', { class: 'stage' }, img, overlayShown ? drawOverlay(image) : undefined);
      if (image.columns > 0 && image.rows > 0) stage.style.aspectRatio = `${image.columns} / ${image.rows}`;
      img.onerror = () => frame.replaceChildren(noPicture(), tools);
      frame.replaceChildren(stage, h('span', { class: 'burn' }, t('panel.only')));
    };
    show();
    frame.append(tools);
    return h('div', { class: 'picture' }, frame, image !== undefined && h('p', { class: 'note' }, pictureNote(image)));
  }

  /** Kept while it is the one shown: toggling the overlay must not fetch, nor audit, the picture again. */
  function pictureOf(fileKey) {
    if (shownPicture?.fileKey !== fileKey) shownPicture = { fileKey, img: h('img', { src: api.previewAddress(fileKey), draggable: 'false' }) };
    return shownPicture.img;
  }

  const pictureNote = (image) => (image.status === 'scored' && !marksSomething(image) ? `${t('panel.nothingMarked')} ${t('panel.preview')}.` : `${t('panel.preview')}.`);
  const noPicture = () => h('div', { class: 'no-picture' }, h('p', {}, t('panel.noPicture')), h('p', { class: 'sub' }, t('panel.noPicture.hint')));

  function choose(at) {
    imageAt = at;
    render();
  }

  const verdict = (row) => h('div', { class: 'verdict' },
    h('div', { class: 'verdict-line' }, flagBadge(row), h('span', { class: 'spacer' }),
      !isDone(row) && why === undefined && h('button', { type: 'button', class: 'link', title: 'w', onclick: onWhy }, t('panel.why'))),
    h('p', {}, reasonLine(row)),
    row.attention !== null && row.attention.code !== row.reason.code && h('p', { class: 'attention-line' }, icon('attention'), reasonText(row.attention)),
    !isDone(row) && why !== undefined && h('p', { class: 'why' }, bdi(why)));

  function facts(row) {
    const { assessment, images, journal, reports, deliveries } = detail;
    return h('div', { class: 'facts' },
      (assessment.findings.length > 0 || assessment.notAssessed.length > 0) && h('section', {}, h('h3', {}, t('panel.findings'), h('span', { class: 'aside' }, t('panel.only'))),
        assessment.findings.map(score),
        assessment.notAssessed.map((one) => h('p', { class: 'score-none' }, `${t(`family.${one.family}`)}: ${t('panel.notAssessed')} – ${reasonText(one.reason)}`))),
      images.some((image) => image.reason !== null || image.remarks.length > 0) && h('ul', { class: 'remarks' },
        images.flatMap((image) => [image.reason, ...image.remarks].filter((one) => one !== null)).map((one) => h('li', {}, reasonText(one)))),
      reports.length > 0 && h('section', {}, h('h3', {}, t('panel.reports')), h('ul', { class: 'plain-list' }, reports.map((report) => h('li', {},
        h('a', { href: api.reportAddress(report.sopInstanceUid), download: '' }, t(report.kind === 'secondary-capture' ? 'panel.picture' : 'panel.report', { family: hasText(`family.${report.family}`) ? t(`family.${report.family}`) : report.family, n: report.revision })),
        deliveries.filter((one) => one.kind === 'report').slice(0, 3).map((one) => h('span', { class: `delivery ${one.state}`, title: one.error }, `${plain(one.destination)}: ${t(`delivery.${one.state}`)}`)))))),
      journal.length > 0 && h('section', {}, h('h3', {}, t('panel.journal')), h('ol', { class: 'journal' }, journal.slice(-30).map((entry) => h('li', {},
        h('time', {}, clock(entry.atMs, true)), h('span', {}, bdi(journalText(entry)), entry.by !== undefined && entry.by !== '' && h('span', { class: 'by' }, ` ${plain(entry.by)}`)))))),
      technical());
  }

  function score(finding) {
    const family = finding.family === 'tuberculosis' ? 'region' : 'box';
    const axis = finding.longAxisMm === undefined || !finding.flagged ? undefined : t(finding.longAxisAtDetector ? 'panel.axisDetector' : 'panel.axis', { n: Math.round(finding.longAxisMm) });
    const meter = h('div', { class: `meter ${family}${finding.flagged ? ' over' : ''}`, 'aria-hidden': 'true' }, h('i', {}), h('b', {}));
    meter.firstChild.style.width = `${Math.max(0, Math.min(100, finding.score))}%`;
    meter.lastChild.style.left = `${Math.max(0, Math.min(100, finding.threshold))}%`;
    return h('div', { class: 'score' },
      h('span', { class: 'score-name' }, t(`family.${finding.family}`)),
      h('span', { class: 'score-number' }, scoreText(finding.score)),
      h('span', { class: 'score-words', title: siteThresholdTitle(finding) }, `${t(finding.siteThreshold === undefined ? 'panel.threshold' : 'panel.siteThreshold', { n: thresholdText(finding.threshold) })} · ${finding.flagged ? t('panel.flagged') : t('panel.below')}`),
      meter,
      h('span', { class: 'score-model', title: `SHA-256 ${finding.model.sha256}` }, [t('panel.model', finding.model), models.get(finding.model.sha256)?.status === 'interim' && t('panel.interim'), axis].filter(Boolean).join(' · ')));
  }

  const siteThresholdTitle = ({ siteThreshold }) => siteThreshold && [siteThreshold.id, siteThreshold.group, siteThreshold.origin].filter(Boolean).map(plain).join(' · ');

  const technical = () => h('details', { class: 'technical', open: technicalOpen, ontoggle: (event) => { technicalOpen = event.target.open; } }, h('summary', {}, t('panel.technical')), h('dl', {},
    pair('panel.technical.uid', detail.row.studyInstanceUid),
    detail.images.flatMap((image) => [
      pair('panel.technical.from', [plain(image.callingAeTitle), image.modality].filter(Boolean).join(' · ')),
      pair('panel.technical.device', [image.manufacturer, image.stationName].filter(Boolean).map(plain).join(' · ')),
      pair('panel.technical.syntax', image.decodePath ?? image.transferSyntaxUid),
      pair('panel.technical.size', [image.columns && `${image.columns} × ${image.rows}`, megabytes(image.byteLength)].filter(Boolean).join(' · ')),
      image.timings && pair('panel.technical.timing', `${Math.round(image.timings.decodeMs)} · ${Math.round(image.timings.inferenceMs)} · ${Math.round(image.timings.totalMs)} ms`),
    ])));
  const pair = (key, value) => (value ? [h('dt', {}, t(key)), h('dd', {}, bdi(value))] : []);

  function actions(row) {
    const button = (label, verb, body, key, primary, iconName) => h('button', { type: 'button', class: primary ? 'primary' : '', onclick: () => onAct(verb, body) }, iconName && icon(iconName), label, key && h('kbd', {}, key));
    return h('footer', { class: 'panel-actions' },
      may('mark-read') && (isDone(row) ? button(t('do.unread'), 'unread', undefined, 'r', true, 'back') : button(t('do.read'), 'read', undefined, 'r', true, 'check')),
      may('acknowledge') && row.attention !== null && button(t('do.acknowledge'), 'acknowledge'),
      may('prioritise') && !isDone(row) && button(row.order.stat ? t('do.unstat') : t('do.stat'), 'prioritise', { stat: !row.order.stat }, 's', false, 'bolt'),
      h('span', { class: 'spacer' }),
      may('mark-read') && !isDone(row) && h('button', { type: 'button', class: 'quiet', onclick: () => askToClose(onAct) }, t('do.close')));
  }

  function toggleOverlay() {
    overlayShown = !overlayShown;
    render();
  }
  function toggleWide() {
    wide = !wide;
    document.body.classList.toggle('panel-wide', wide);
    render();
  }

  return {
    element,
    toggleOverlay,
    toggleWide,
    uid: () => detail?.row.studyInstanceUid,
    row: () => detail?.row,
    render,
    show(next) {
      if (next.row.studyInstanceUid !== detail?.row.studyInstanceUid) {
        imageAt = 0;
        why = undefined;
        shownPicture = undefined;
        element.replaceChildren();
      }
      detail = next;
      element.hidden = false;
      document.body.classList.add('panel-open');
      render();
    },
    explain(text) {
      why = text;
      render();
    },
    hide() {
      detail = undefined;
      shownPicture = undefined;
      element.hidden = true;
      element.replaceChildren();
      document.body.classList.remove('panel-open');
    },
  };
}

function askToClose(onAct) {
  const input = h('input', { type: 'text', name: 'reason', required: true, minlength: '3', maxlength: '200', autocomplete: 'off' });
  const dialog = h('dialog', { class: 'ask' }, h('form', { method: 'dialog' },
    h('label', {}, t('do.close.ask'), input),
    h('div', { class: 'ask-buttons' }, h('button', { type: 'button', onclick: () => dialog.close() }, t('do.cancel')), h('button', { type: 'submit', class: 'primary', value: 'yes' }, t('do.close.confirm')))));
  dialog.addEventListener('close', () => {
    if (dialog.returnValue === 'yes') onAct('close', { reason: input.value.trim() });
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}
