/**
 * One study beside the list: who it is, why it stands where it stands, the picture, scores, papers, and what may be done.
 * The parts are in study/; this file holds them together, keeps focus and scroll when the study changes under the
 * reader's eyes, and tells the list's keyboard what the panel can do.
 */
import { bdi, h, leavesHere, setAttribute } from './dom.js';
import { askForNote, giveFeedback } from './feedback.js';
import { ageAndSex, personName, plain, studyMoment } from './format.js';
import { icon } from './icons.js';
import { fetchAhead } from './picture/previews.js';
import { reasonLine, reasonText } from './reasons.js';
import { flagBadge, isDone, marksOf } from './row-view.js';
import { actionsBar } from './study/actions-bar.js';
import { adviceFor } from './study/advice.js';
import { imagesSection, priorsSection, viewerAddress } from './study/images-section.js';
import { journalSection, reportsSection, technicalSection } from './study/papers.js';
import { createPictureArea } from './study/picture-area.js';
import { scoresSection } from './study/scores.js';
import { t } from './strings.js';
import { toast } from './toast.js';

/** The next picture is fetched when this one has had its turn on the line. */
const AHEAD_AFTER_MS = 400;

/**
 * `models`: by their SHA-256, as /api/models tells them. `nextUid`: the study below on the list. `onProblem(error)` says
 * what did not work. `onViewer(uid)`: this window goes on to the viewer with it.
 */
export function createPanel({ permissions, models, onClose, onAct, onWhy, onViewer, onProblem, nextUid }) {
  const head = h('header', { class: 'panel-head' });
  const verdict = h('div', { class: 'verdict' });
  const facts = h('div', { class: 'facts' });
  const actions = h('footer', { class: 'panel-actions' });
  const picture = createPictureArea({ onWide: () => toggleWide(), onFull: () => openFull() });
  const scroll = h('div', { class: 'panel-scroll', tabindex: '-1' }, verdict, picture.element, facts);
  const element = h('aside', { class: 'panel', hidden: true, tabindex: '-1' }, head, scroll, actions);
  let detail;
  let wide = false;
  let technicalOpen = false;
  let ahead;

  const may = (permission) => permissions.includes(permission);

  function render() {
    if (detail === undefined) return;
    const focused = element.contains(document.activeElement) ? document.activeElement : undefined;
    const kept = focused?.dataset.keep;
    const { row } = detail;
    setAttribute(element, 'aria-label', `${t('panel.label')}: ${personName(row.patientName)}`);
    element.classList.toggle('wide', wide);
    fill(head, header(row));
    fill(verdict, verdictOf(row));
    picture.show(detail);
    fill(facts, [
      scoresSection(detail, { models, mayJudge: may('give-feedback'), onJudge: judge }),
      imagesSection(detail, { onChoose: (uid) => { picture.choose(uid); scroll.scrollTop = 0; } }),
      priorsSection(detail), reportsSection(detail), journalSection(detail),
      technicalSection(detail, { open: technicalOpen, onToggle: (open) => { technicalOpen = open; } }),
    ]);
    fill(actions, actionsBar(row, { may, onAct }));
    if (focused !== undefined && !element.contains(document.activeElement)) ((kept && element.querySelector(`[data-keep="${CSS.escape(kept)}"]`)) || element).focus({ preventScroll: true });
  }

  const header = (row) => [
    h('div', { class: 'panel-title' },
      h('h2', {}, bdi(personName(row.patientName)), h('span', { class: 'marks' }, marksOf(row))),
      h('p', { class: 'sub' }, [ageAndSex({ patientSex: row.facts.patientSex, patientAgeYears: row.order.patientAgeYears }), plain(row.patientId), plain(row.facts.studyDescription ?? ''), studyMoment(row.facts.studyDate, row.facts.studyTime)].filter(Boolean).join(' · '))),
    h('button', { class: 'quiet', type: 'button', 'data-keep': 'close', 'aria-label': t('panel.close'), title: `${t('panel.close')} (Esc)`, onclick: onClose }, icon('close')),
  ];

  function verdictOf(row) {
    const failed = detail.images.find((image) => image.status === 'unreadable' && image.reason !== null);
    return [
      h('div', { class: 'verdict-line' }, flagBadge(row), h('span', { class: 'spacer' }),
        !isDone(row) && h('button', { type: 'button', class: 'link', 'data-keep': 'why', title: 'w', onclick: onWhy }, t('panel.why'))),
      h('p', {}, reasonLine(row)),
      row.attention !== null && row.attention.code !== row.reason.code && h('p', { class: 'attention-line' }, icon('attention'), reasonText(row.attention)),
      (row.attention !== null || failed !== undefined) && h('p', { class: 'advice' }, adviceFor(row.attention ?? failed.reason).advice),
    ];
  }

  function toggleWide() {
    wide = !wide;
    document.body.classList.toggle('panel-wide', wide);
    render();
    picture.redraw();
  }
  function openFull() {
    if (detail === undefined) return;
    rememberList();
    onViewer(detail.row.studyInstanceUid);
    location.assign(viewerAddress(detail.row.studyInstanceUid));
  }
  facts.addEventListener('click', (event) => {
    if (event.target.closest('a[href^="/viewer/"]') === null) return;
    rememberList();
    if (leavesHere(event)) onViewer(detail.row.studyInstanceUid);
  });
  /** What the reader thinks of one score; the keys speak of all that is flagged (feedback.js). */
  async function judge(what, finding) {
    const row = { ...detail.row, findings: [finding] };
    const said = what === 'note' ? await askForNote(row) : { verdict: what };
    if (said === undefined) return;
    try {
      toast(await giveFeedback(row, said.verdict, said.note));
    } catch (error) {
      onProblem?.(error);
    }
  }

  return {
    element,
    toggleOverlay: picture.toggleOverlay,
    toggleWide,
    /** Full resolution, in the viewer's own page. */
    openFull: () => openFull(),
    /** A key of the picture's tools; false where it is none. */
    pictureKey: (key) => detail !== undefined && picture.key(key),
    uid: () => detail?.row.studyInstanceUid,
    row: () => detail?.row,
    render,
    show(next) {
      const isNew = next.row.studyInstanceUid !== detail?.row.studyInstanceUid;
      detail = next;
      element.hidden = false;
      document.body.classList.add('panel-open');
      render();
      if (!isNew) return;
      scroll.scrollTop = 0;
      facts.scrollTop = 0;
      clearTimeout(ahead);
      ahead = setTimeout(() => detail === next && fetchAhead(nextUid?.(next.row.studyInstanceUid)), AHEAD_AFTER_MS);
    },
    hide() {
      detail = undefined;
      clearTimeout(ahead);
      picture.forget();
      element.hidden = true;
      document.body.classList.remove('panel-open');
    },
  };
}

/** With its filters and this study: the viewer's way back (viewer/viewer-desk.js). */
const rememberList = () => sessionStorage.setItem('firstread.viewerFrom', `${location.pathname}${location.search}${location.hash}`);

const fill = (place, content) => place.replaceChildren(...content.flat(Infinity).filter((one) => one !== undefined && one !== null && one !== false));
