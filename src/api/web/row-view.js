/** One row of the worklist: built once, brought up to date in place, so that focus, selection and scroll stay. */
import { bdi, h, setAttribute, setText } from './dom.js';
import { ageAndSex, duration, personName, plain, shortDuration, studyMoment, ticking } from './format.js';
import { icon } from './icons.js';
import { reasonLine } from './reasons.js';
import { t } from './strings.js';

/** A cap that comes nearer than this, or of which three quarters are over, is said. */
const SOON_MS = 10 * 60_000;
const SOON_PART = 0.75;

/** How a row looks: the four flags, with "could not be analysed" told from "not for the models". */
function lookOf(row) {
  return row.flag === 'not-analysed' && row.attention !== null ? 'attention' : row.flag;
}

export const isDone = (row) => row.rank === null;

function stateText(row) {
  if (row.readAt !== null) return row.readBy === null ? t('state.read') : t('state.readBy', { who: plain(row.readBy) });
  return row.closedAt !== null ? t('state.closed') : t(`state.${row.state}`);
}

/** These ask for a human without saying that the picture could not be read (study/reasons.ts, kind "attention"). */
const CLASHES = ['conflict', 'uid-in-other-study', 'uid-of-other-patient', 'study-of-other-patient'];

function flagWord(row) {
  const look = lookOf(row);
  return t(`flag.${look === 'attention' && CLASHES.includes(row.attention.code) ? 'look' : look}`);
}

export function flagBadge(row) {
  const look = lookOf(row);
  return h('span', { class: `flag ${look}` }, icon(look), h('span', { class: 'word' }, flagWord(row)));
}

export function marksOf(row) {
  return [
    row.order.stat && h('span', { class: 'mark stat', title: row.order.statSource === undefined ? undefined : t('stat.from', { source: plain(row.order.statSource) }) }, icon('bolt'), t('stat')),
    row.order.inpatient && h('span', { class: 'mark' }, t('patient.inpatient')),
  ].filter(Boolean);
}

const wardOf = (row) => plain(row.ward ?? row.facts.institutionalDepartmentName ?? '');
const siteOf = (row) => plain(row.institutionName ?? row.facts.institutionName ?? '');
const deviceOf = (row) => plain(row.callingAeTitle ?? row.facts.callingAeTitle ?? row.facts.stationName ?? '');
const joined = (...parts) => parts.filter(Boolean).join(' · ');

export function createRowView(uid) {
  const cell = (name, ...content) => h('td', { role: 'gridcell', class: name }, ...content);
  const rank = cell('rank');
  const flag = cell('flag-cell');
  const name = bdi('', { class: 'name' });
  const marks = h('span', { class: 'marks' });
  const who = h('span', { class: 'sub' });
  const reason = h('span', { class: 'reason-text' });
  const study = h('span', { class: 'sub' });
  const ward = h('span', { class: 'ward' });
  const site = h('span', { class: 'sub' });
  const waited = h('span', { class: 'waited' });
  const cap = h('span', { class: 'sub cap' });
  const bar = h('progress', { class: 'bar', max: '1', value: '0', 'aria-hidden': 'true' });
  const reader = h('span', { class: 'reader' });
  const readerSub = h('span', { class: 'sub' });
  const element = h('tr', { tabindex: '-1', role: 'row', 'data-uid': uid },
    rank, flag,
    cell('patient', h('span', { class: 'name-line' }, name, marks), who),
    cell('reason', reason, study),
    cell('place', ward, site),
    cell('waiting', h('span', { class: 'wait-line' }, waited, bar), cap),
    cell('who', reader, readerSub));
  let drawn = '';
  let shownEntry;
  let shownAs;
  let row;
  let waitingSinceMs;
  let claimedSinceMs;

  /** The parts that are made of elements, made anew only where they differ. */
  function draw(goneAs) {
    const look = lookOf(row);
    element.className = `row ${look}${isDone(row) ? ' done' : ''}${element.classList.contains('cursor') ? ' cursor' : ''}`;
    const estimate = look === 'analysing' && row.estimateMs > 0 ? h('span', { class: 'sub' }, t('flag.estimate', { time: spoken(row.estimateMs) })) : undefined;
    flag.replaceChildren(flagBadge(row), ...(estimate ? [estimate] : []));
    marks.replaceChildren(...marksOf(row));
    const claim = isDone(row) ? null : row.claim ?? null;
    element.classList.toggle('claimed', claim !== null && !claim.mine);
    element.classList.toggle('gone', goneAs !== undefined);
    reader.replaceChildren(...readerOf(claim, goneAs));
  }

  function readerOf(claim, goneAs) {
    if (isDone(row)) return [icon('check'), bdi(stateText(row))];
    if (claim !== null) return [icon('eye'), bdi(claim.mine ? t('claim.mine') : plain(claim.by))];
    if (goneAs !== undefined) return [h('span', { class: 'quietly' }, t('list.moved'))];
    return row.state === 'analysing' || row.state === 'receiving' ? [] : [h('span', { class: 'quietly' }, stateText(row))];
  }

  const view = {
    element,
    get row() {
      return row;
    },
    update(entry, { gone, nowMs, keepRank }) {
      const as = `${document.documentElement.lang} ${gone} ${keepRank}`;
      // Scrolling lays the same rows again and again.
      if (entry === shownEntry && as === shownAs) return;
      [shownEntry, shownAs] = [entry, as];
      const { hereAtMs } = entry;
      row = entry.row;
      waitingSinceMs = hereAtMs - row.waitingMs;
      claimedSinceMs = row.claim?.sinceMs;
      if (!keepRank || rank.textContent === '') setText(rank, row.rank === null ? '–' : String(row.rank));
      setAttribute(rank, 'title', row.rank === null ? undefined : t('why.here'));
      const key = JSON.stringify([document.documentElement.lang, lookOf(row), row.order, row.attention?.code, row.claim, row.readBy, row.readAt, row.closedAt, row.state, row.estimateMs, gone]);
      if (key !== drawn) draw(gone);
      drawn = key;
      setText(name, personName(row.patientName));
      const guessed = row.facts.characterSetGuessed === true;
      name.classList.toggle('guessed', guessed);
      setAttribute(name, 'title', guessed ? t('patient.guessed') : personName(row.patientName));
      setText(who, joined(ageAndSex({ patientSex: row.facts.patientSex, patientAgeYears: row.order.patientAgeYears }), plain(row.patientId) || t('patient.noId')));
      const line = reasonLine(row);
      setText(reason, line);
      setAttribute(reason, 'title', line);
      setText(study, joined(plain(row.facts.studyDescription ?? ''), studyMoment(row.facts.studyDate, row.facts.studyTime), plain(row.accessionNumber)));
      setText(ward, wardOf(row) || siteOf(row) || deviceOf(row));
      setText(site, wardOf(row) === '' ? (siteOf(row) === '' ? '' : deviceOf(row)) : joined(siteOf(row), deviceOf(row)));
      view.tick(nowMs);
    },
    tick(nowMs) {
      setText(readerSub, isDone(row) || claimedSinceMs === undefined ? '' : t('claim.since', { time: shortDuration(nowMs - claimedSinceMs) }));
      if (isDone(row)) {
        setText(waited, duration(row.waitingMs));
        setText(cap, '');
        setAttribute(bar, 'hidden', '');
        element.classList.remove('overdue', 'near');
        return;
      }
      setAttribute(bar, 'hidden', undefined);
      const waitedMs = Math.max(0, nowMs - waitingSinceMs);
      const leftMs = row.capMs - waitedMs;
      const over = row.capMs > 0 && leftMs < 0;
      const near = !over && row.capMs > 0 && (leftMs < SOON_MS || waitedMs > SOON_PART * row.capMs);
      setText(waited, ticking(waitedMs));
      setText(cap, row.capMs === 0 ? '' : over ? t('wait.over', { time: duration(-leftMs) }) : near ? t('wait.breach', { time: shortDuration(leftMs) }) : t('wait.of', { cap: duration(row.capMs) }));
      bar.value = row.capMs === 0 ? 0 : Math.min(1, waitedMs / row.capMs);
      element.classList.toggle('overdue', over);
      element.classList.toggle('near', near);
    },
  };
  return view;
}

const spoken = (ms) => (ms < 60_000 ? t('wait.seconds', { n: Math.max(5, Math.ceil(ms / 5_000) * 5) }) : duration(ms + 59_999));

/** The place of a row that is still on its way: the same height, the same columns. */
export function createSkeleton(place) {
  const bone = (name) => h('td', { role: 'gridcell', class: name }, h('span', { class: 'bone' }));
  const element = h('tr', { class: `skeleton s${place % 4}`, role: 'row', 'aria-hidden': 'true' }, ['rank', 'flag-cell', 'patient', 'reason', 'place', 'waiting', 'who'].map(bone));
  return { element };
}
