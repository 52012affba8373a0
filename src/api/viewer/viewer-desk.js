/** The viewer put together: whose films, one station or two, tools of the one in use, what the models said, the keyboard. */
import * as api from '../web/api.js';
import { bdi, h, leavesHere, setAttribute, setText } from '../web/dom.js';
import { ageAndSex, personName, plain, studyMoment } from '../web/format.js';
import { icon } from '../web/icons.js';
import { isHeldOn } from '../web/keyboard.js';
import { flagBadge } from '../web/row-view.js';
import { hasText, t } from '../web/strings.js';
import { toast } from '../web/toast.js';
import { createCatalogue } from './catalogue.js';
import { viewerHelp } from './help.js';
import { legend } from './legend.js';
import { createStation } from './station.js';

const FROM_KEPT_AS = 'firstread.viewerFrom';

/** `claim`: of claim.js, where this person may claim. */
export async function openDesk({ app, detail, session, claim, models, prior }) {
  const { row } = detail;
  const uid = row.studyInstanceUid;
  const catalogue = createCatalogue(detail);
  const may = (permission) => session.permissions.includes(permission);
  let linked = false;
  let active;
  let echoing = false;

  const stations = [0, 1].map(() => createStation({ onState: (from) => follow(from), onPick: (key) => pick(active, key), onActive: (station) => activate(station) }));
  const shown = () => (places.classList.contains('two') ? stations : stations.slice(0, 1));
  const button = (name, run) => h('button', { type: 'button', class: 'tool worded', onclick: run }, icon(name), h('span', {}));
  const compareButton = button('sideBySide', () => compare());
  const linkButton = button('link', () => link());
  const readButton = h('button', { type: 'button', class: 'primary', hidden: !may('mark-read') || row.rank === null, onclick: () => markRead() }, icon('check'), h('span', {}), h('kbd', {}, 'r'));
  const helpButton = h('button', { type: 'button', class: 'quiet help', onclick: viewerHelp }, '?');
  const back = h('a', { class: 'back', href: listAddress(uid), onclick: (event) => leavesHere(event) && claim?.handOver() }, icon('back'), h('span', {}));
  const tools = h('div', { class: 'viewer-tools' });
  const places = h('main', { class: 'stations' }, stations[0].element);
  const words = h('footer', { class: 'viewer-words' });

  app.replaceChildren(
    h('header', { class: 'viewer-head' }, back,
      h('h1', {}, bdi(personName(row.patientName)), h('span', { class: 'sub' }, [ageAndSex({ patientSex: row.facts.patientSex, patientAgeYears: row.order.patientAgeYears }), plain(row.patientId), plain(row.facts.studyDescription ?? ''), studyMoment(row.facts.studyDate, row.facts.studyTime)].filter(Boolean).join(' · '))),
      flagBadge(row), h('span', { class: 'spacer' }), compareButton, linkButton, readButton, helpButton),
    tools, places, words);

  function label() {
    setText(back.lastChild, t('viewer.back'));
    setAttribute(back, 'title', `${t('viewer.back')} (Esc)`);
    const two = places.classList.contains('two');
    setText(compareButton.lastChild, t(two ? 'viewer.compare.off' : 'viewer.compare'));
    setAttribute(compareButton, 'title', `${t('viewer.compare')} (c)`);
    compareButton.hidden = catalogue.choices().length < 2;
    setText(linkButton.lastChild, t('viewer.link'));
    setAttribute(linkButton, 'title', `${t('viewer.link')} (y)`);
    setAttribute(linkButton, 'aria-pressed', String(linked));
    linkButton.hidden = !two;
    setText(readButton.children[1], t('do.read'));
    setAttribute(helpButton, 'aria-label', `${t('top.help')} (?)`);
    for (const station of shown()) station.choices(catalogue.choices());
    words.replaceChildren(...legend(active?.picture(), models));
  }

  function activate(station) {
    if (active === station) return;
    active = station;
    for (const one of stations) one.element.classList.toggle('active', one === station);
    tools.replaceChildren(station.toolbar.element);
    label();
  }

  /** Together only when asked: two films of one patient are seldom of one size. */
  function follow(from) {
    if (!linked || echoing) return;
    echoing = true;
    for (const other of shown()) if (other !== from && other.picture() !== undefined) other.pane.change({ view: from.pane.state.view });
    echoing = false;
  }

  async function pick(station, key) {
    const picture = await catalogue.picture(key).catch(() => undefined);
    if (picture === undefined) return toast(t('viewer.failed.gone'));
    // Closed while it was fetched: what nobody sees is not loaded.
    if (shown().includes(station)) station.show(picture);
    label();
    return undefined;
  }

  function step(by) {
    const keys = catalogue.choices().map((one) => one.key);
    const at = keys.indexOf(active.picture()?.key);
    if (keys.length > 1) pick(active, keys[(at + by + keys.length) % keys.length]);
  }

  function compare(key = catalogue.partnerOf(stations[0].picture()?.key)) {
    const two = !places.classList.contains('two') && key !== undefined;
    places.classList.toggle('two', two);
    if (two) {
      places.append(stations[1].element);
      pick(stations[1], key);
    } else {
      stations[1].close();
      stations[1].element.remove();
      activate(stations[0]);
    }
    label();
  }

  function link() {
    linked = !linked && shown().length === 2;
    follow(active);
    label();
  }

  async function markRead() {
    if (readButton.disabled) return;
    readButton.disabled = true;
    try {
      await api.act(uid, 'read');
      leave();
    } catch (error) {
      readButton.disabled = false;
      toast(hasText(`error.${error.code}`) ? t(`error.${error.code}`) : t('error.other', { code: error.code }));
    }
  }

  const leave = () => {
    claim?.handOver();
    location.assign(back.href);
  };
  const KEYS = { Escape: leave, c: () => compare(), y: link, '?': viewerHelp, '.': () => step(1), ',': () => step(-1), r: () => !readButton.hidden && markRead() };

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
    if (event.target instanceof Element && event.target.matches('select, input:not([type="checkbox"]), textarea') && event.key !== 'Escape') return;
    if (isHeldOn(event)) return void (event.key === 'Enter' && event.preventDefault());
    const done = KEYS[event.key] !== undefined ? KEYS[event.key]() ?? true : active.key(event.key);
    if (done !== false) event.preventDefault();
  });

  activate(stations[0]);
  const first = catalogue.first();
  if (first === undefined) return places.replaceChildren(h('p', { class: 'notice', role: 'alert' }, t('viewer.noPictures')));
  await pick(stations[0], first);
  if (prior !== undefined && catalogue.firstOf(prior) !== undefined) compare(catalogue.firstOf(prior));
  stations[0].pane.element.focus({ preventScroll: true });
  return undefined;
}

/** Where the reader came from, with the list's filters; else the list with this study open. */
function listAddress(uid) {
  const kept = sessionStorage.getItem(FROM_KEPT_AS) ?? '';
  return kept.startsWith('/') && !kept.startsWith('//') && kept.includes(uid) ? kept : `/#study=${uid}`;
}
