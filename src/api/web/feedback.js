/**
 * Agree, disagree, note: what the reader thinks of the flag, one keystroke each. It is kept with the model's version and
 * threshold by the server. What is meant: the flagged findings, or, where nothing is flagged, all that were assessed.
 */
import * as api from './api.js';
import { bdi, h } from './dom.js';
import { personName, scoreText } from './format.js';
import { t } from './strings.js';

const NOTE_LENGTH_MAX = 500;

function meantFindings(row) {
  const flagged = row.findings.filter((finding) => finding.flagged);
  return flagged.length > 0 ? flagged : row.findings;
}

const named = (findings) => findings.map((one) => `${t(`family.${one.family}`)} ${scoreText(one.score)}`).join(', ');

/** What was said, for the toast; undefined where no model has said anything to agree with. */
export async function giveFeedback(row, verdict, note) {
  const findings = meantFindings(row);
  if (findings.length === 0) return undefined;
  for (const { family } of findings) await api.feedback(row.studyInstanceUid, { family, verdict, ...(note === undefined ? {} : { note }) });
  return t(`feedback.${verdict}.done`, { findings: named(findings) });
}

/** {verdict, note} or undefined. */
export function askForNote(row) {
  return new Promise((answer) => {
    const note = h('textarea', { maxlength: String(NOTE_LENGTH_MAX), rows: '4', required: true, 'aria-label': t('feedback.note') });
    const verdict = (value, checked) => h('label', {}, h('input', { type: 'radio', name: 'verdict', value, checked }), t(`feedback.${value}`));
    const form = h('form', { method: 'dialog' },
      h('h2', {}, bdi(personName(row.patientName))), h('p', { class: 'sub' }, named(meantFindings(row))),
      h('div', { class: 'radios', role: 'radiogroup' }, verdict('agree', false), verdict('disagree', true)), note,
      h('div', { class: 'ask-buttons' }, h('button', { type: 'button', onclick: () => dialog.close() }, t('do.cancel')), h('button', { type: 'submit', value: 'yes', class: 'primary' }, t('feedback.keep'))));
    const dialog = h('dialog', { class: 'ask note-ask', 'aria-label': t('feedback.note') }, form);
    note.addEventListener('keydown', (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && form.requestSubmit(form.querySelector('.primary')));
    dialog.addEventListener('close', () => {
      const text = note.value.trim();
      answer(dialog.returnValue === 'yes' && text !== '' ? { verdict: new FormData(form).get('verdict'), note: text } : undefined);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    note.focus();
  });
}
