/** What was written about a study: its reports and where they went, its journal, and technical facts. */
import { reportAddress } from '../api.js';
import { deliveryWhy } from '../delivery-why.js';
import { bdi, h } from '../dom.js';
import { clock, megabytes, moment, plain } from '../format.js';
import { icon } from '../icons.js';
import { journalText } from './journal.js';
import { currentLanguage, hasText, t } from '../strings.js';
import { technicalLine } from '../technical.js';

const JOURNAL_SHOWN = 30;
const familyName = (family) => (hasText(`family.${family}`) ? t(`family.${family}`) : plain(family));

export function reportsSection({ reports, deliveries, viewerUrl }) {
  if (reports.length === 0 && deliveries.length === 0 && !viewerUrl) return undefined;
  return h('section', {}, h('h3', {}, t('panel.reports')),
    h('ul', { class: 'plain-list reports' }, reports.map((report) => {
      const isPicture = report.kind === 'secondary-capture';
      return h('li', {},
        h('span', { class: 'report-name' }, icon('document'), t(isPicture ? 'panel.reportPicture' : 'panel.report', { family: familyName(report.family), n: report.revision })),
        !isPicture && h('a', { href: `${reportAddress(report.sopInstanceUid)}/page?lang=${currentLanguage()}`, target: '_blank', rel: 'noopener', 'data-keep': report.sopInstanceUid }, t('panel.readReport')),
        h('a', { class: 'quietly', href: reportAddress(report.sopInstanceUid), download: '' }, 'DICOM'));
    })),
    deliveries.length > 0 && h('ul', { class: 'plain-list deliveries', 'aria-label': t('panel.deliveries') }, deliveries.map((one) => h('li', { class: `delivery ${one.state}` },
      bdi(plain(one.destination)), ` – ${hasText(`delivery.kind.${one.kind}`) ? t(`delivery.kind.${one.kind}`) : plain(one.kind)}: ${t(`delivery.${one.state}`)}`,
      one.state === 'failed' && one.error !== undefined && whyFailed(one)))),
    viewerUrl && h('p', {}, h('a', { class: 'outside', href: viewerUrl, target: '_blank', rel: 'noopener noreferrer' }, icon('outside'), t('panel.openInViewer'))));
}

function whyFailed({ errorCode, error }) {
  const { words, raw } = deliveryWhy(errorCode, error);
  return h('span', { class: 'why-failed' }, bdi(words), raw !== undefined && technicalLine(raw));
}

export function journalSection({ journal }) {
  if (journal.length === 0) return undefined;
  const today = new Date().toDateString();
  return h('section', {}, h('h3', {}, t('panel.journal')), h('ol', { class: 'journal' }, journal.slice(-JOURNAL_SHOWN).map((entry) => h('li', {},
    h('time', { datetime: new Date(entry.atMs).toISOString(), title: clock(entry.atMs, true) }, new Date(entry.atMs).toDateString() === today ? clock(entry.atMs, true) : moment(entry.atMs)),
    h('span', {}, bdi(journalText(entry)), entry.by !== undefined && entry.by !== '' && h('span', { class: 'by' }, ` ${plain(entry.by)}`))))));
}

export function technicalSection({ row, images }, { open, onToggle }) {
  const pair = (key, value) => (value ? [h('dt', {}, t(key)), h('dd', {}, bdi(value))] : []);
  return h('details', { class: 'technical', open, ontoggle: (event) => onToggle(event.target.open) }, h('summary', { 'data-keep': 'technical' }, t('panel.technical')), h('dl', {},
    pair('panel.technical.uid', row.studyInstanceUid),
    images.flatMap((image) => [
      pair('panel.technical.from', [plain(image.callingAeTitle), image.modality].filter(Boolean).join(' · ')),
      pair('panel.technical.device', [image.manufacturer, image.stationName].filter(Boolean).map(plain).join(' · ')),
      pair('panel.technical.syntax', image.decodePath ?? image.transferSyntaxUid),
      pair('panel.technical.size', [image.columns && `${image.columns} × ${image.rows}`, megabytes(image.byteLength)].filter(Boolean).join(' · ')),
      image.timings && pair('panel.technical.timing', `${Math.round(image.timings.decodeMs)} · ${Math.round(image.timings.inferenceMs)} · ${Math.round(image.timings.totalMs)} ms`),
    ])));
}
