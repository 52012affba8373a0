/** One row of the worklist: built once, brought up to date in place, so that focus, selection and scroll stay. */
import { bdi, h, setAttribute, setText } from './dom.js';
import { ageAndSex, duration, personName, plain, studyMoment, ticking } from './format.js';
import { icon } from './icons.js';
import { reasonLine } from './reasons.js';
import { t } from './strings.js';

/** How a row looks: the four flags, with "could not be analysed" told from "not for the models". */
export function lookOf(row) {
  return row.flag === 'not-analysed' && row.attention !== null ? 'attention' : row.flag;
}

export const isDone = (row) => row.rank === null;

export function stateText(row) {
  if (row.readAt !== null) return row.readBy === null ? t('state.read') : t('state.readBy', { who: row.readBy });
  return row.closedAt !== null ? t('state.closed') : t(`state.${row.state}`);
}

/** These ask for a human without saying that the picture could not be read (study/reasons.ts, kind "attention"). */
const CLASHES = ['conflict', 'uid-in-other-study', 'uid-of-other-patient', 'study-of-other-patient'];

export function flagBadge(row) {
  const look = lookOf(row);
  const word = look === 'attention' && CLASHES.includes(row.attention.code) ? 'look' : look;
  return h('span', { class: `flag ${look}` }, icon(look), h('span', { class: 'word' }, t(`flag.${word}`)));
}

export function createRowView(onOpen) {
  const rank = h('td', { class: 'rank' });
  const flag = h('td', { class: 'flag-cell' });
  const name = bdi('', { class: 'name' });
  const marks = h('span', { class: 'marks' });
  const who = h('span', { class: 'sub' });
  const reason = h('span', { class: 'reason-text' });
  const study = h('span', { class: 'sub' });
  const waited = h('span', { class: 'waited' });
  const cap = h('span', { class: 'sub cap' });
  const bar = h('progress', { class: 'bar', max: '1', value: '0', 'aria-hidden': 'true' });
  const state = h('td', { class: 'state' });
  const element = h('tr', { tabindex: '-1', onclick: () => onOpen() },
    rank,
    flag,
    h('td', { class: 'patient' }, h('span', { class: 'name-line' }, name, marks), who),
    h('td', { class: 'reason' }, reason, study),
    h('td', { class: 'waiting' }, h('span', { class: 'wait-line' }, waited, bar), cap),
    state);
  let drawn = '';

  return {
    element,
    row: undefined,
    /** `clockOffsetMs`: our clock minus the server's. `receivedHereAtMs`: when this row came, by our clock. */
    update(row, receivedHereAtMs, keepRank = false) {
      this.row = row;
      this.waitingSinceMs = receivedHereAtMs - row.waitingMs;
      if (!keepRank) setText(rank, row.rank === null ? '–' : String(row.rank));
      const look = lookOf(row);
      const key = `${document.documentElement.lang} ${look} ${JSON.stringify(row.order)} ${row.attention?.code}`;
      if (key !== drawn) {
        drawn = key;
        flag.replaceChildren(flagBadge(row));
        marks.replaceChildren(...marksOf(row));
      }
      element.className = `row ${look}${isDone(row) ? ' done' : ''}`;
      setText(name, personName(row.patientName));
      setAttribute(name, 'title', row.facts.characterSetGuessed ? t('patient.guessed') : undefined);
      name.classList.toggle('guessed', row.facts.characterSetGuessed === true);
      setText(who, [ageAndSex({ patientSex: row.facts.patientSex, patientAgeYears: row.order.patientAgeYears }), row.patientId === '' ? t('patient.noId') : plain(row.patientId)].filter(Boolean).join(' · '));
      setText(reason, reasonLine(row));
      setAttribute(reason, 'title', reasonLine(row));
      setText(study, [plain(row.facts.studyDescription ?? ''), studyMoment(row.facts.studyDate, row.facts.studyTime), plain(row.accessionNumber)].filter(Boolean).join(' · '));
      setText(state, stateText(row));
      this.tick(Date.now());
    },
    tick(nowMs) {
      const { row } = this;
      if (isDone(row)) {
        setText(waited, duration(row.waitingMs));
        setText(cap, '');
        setAttribute(bar, 'hidden', '');
        element.classList.remove('overdue');
        return;
      }
      const waitedMs = Math.max(0, nowMs - this.waitingSinceMs);
      const over = row.capMs > 0 && waitedMs > row.capMs;
      setText(waited, ticking(waitedMs));
      setText(cap, row.capMs === 0 ? '' : over ? t('wait.over', { time: duration(waitedMs - row.capMs) }) : t('wait.of', { cap: duration(row.capMs) }));
      bar.value = row.capMs === 0 ? 0 : Math.min(1, waitedMs / row.capMs);
      element.classList.toggle('overdue', over);
      element.classList.toggle('near', !over && row.capMs > 0 && waitedMs > 0.8 * row.capMs);
    },
  };
}

export function marksOf(row) {
  return [
    row.order.stat && h('span', { class: 'mark stat', title: row.order.statSource === undefined ? undefined : t('stat.from', { source: plain(row.order.statSource) }) }, icon('bolt'), t('stat')),
    row.order.inpatient && h('span', { class: 'mark' }, t('patient.inpatient')),
  ].filter(Boolean);
}
