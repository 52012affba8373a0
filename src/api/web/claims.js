/**
 * One case, one reader: a study that is opened is claimed, renewed while it is open, and released when it is closed. What
 * somebody else has is opened only after asking. Without the right to claim, looking is all there is, and nothing is asked.
 */
import * as api from './api.js';
import { bdi, h } from './dom.js';
import { plain, shortDuration } from './format.js';
import { t } from './strings.js';

/** Well inside the time after which a claim lapses by itself. */
const RENEW_MS = 45_000;

/** `onLost(by)`: somebody else has taken the open study over. */
export function createClaims({ mayClaim, onLost }) {
  /** On screen and claimed: renewed. */
  let held;
  /** Being asked for, or claimed and not on screen yet. Until it is, what is on screen stays held: it may never come. */
  let coming;
  let handedOver;
  let timer;
  let renewing = false;
  /** The row that last said that nobody holds it: an older answer, which stays in the list where it is not asked for again. */
  let doubted;
  /** Raised by whatever the reader does next: an answer to what they did before it no longer counts. */
  let turn = 0;
  /** By study, the last call about it. */
  const lines = new Map();

  /** About one study, one call after the other: a release that overtook a claim would leave it claimed with nobody there. */
  function inLine(uid, call) {
    const before = lines.get(uid);
    const mine = before === undefined ? call() : before.then(call, call);
    const done = () => lines.get(uid) === mine && lines.delete(uid);
    lines.set(uid, mine);
    mine.then(done, done);
    return mine;
  }

  async function renew() {
    const uid = held;
    renewing = true;
    try {
      await inLine(uid, async () => held === uid && api.claim(uid, { background: true }));
    } catch (error) {
      // Out of reach or signed out: the list says so, and the claim lapses by itself.
      if (error.code !== 'claimed-by-other' || held !== uid) return;
      drop();
      onLost(error.claim?.by);
    } finally {
      renewing = false;
    }
  }

  function drop() {
    held = undefined;
    clearInterval(timer);
  }

  function keep(uid) {
    drop();
    held = uid;
    handedOver = undefined;
    timer = setInterval(renew, RENEW_MS);
  }

  /** Not where the reader has come back to it meanwhile. */
  const giveBack = (uid) => inLine(uid, async () => uid !== held && uid !== coming && api.release(uid)).catch(() => undefined);

  async function letGo() {
    const uid = held;
    drop();
    if (uid !== undefined) await giveBack(uid);
  }

  /** Also where nobody knows whether the claim has arrived: the release comes after it. */
  async function giveUp() {
    const uid = coming;
    coming = undefined;
    if (uid !== undefined) await giveBack(uid);
  }

  return {
    /**
     * Before `uid` is shown; what is shown now stays held until `show`, or for good where that does not come.
     * 'claimed', 'looking' (not claimed, on purpose or for want of the right), 'back', or 'stale': the reader has gone on
     * meanwhile, and nothing is held for what they asked here. `row`: as the list knows it.
     */
    async take(uid, row, nowMs) {
      const mine = ++turn;
      if (coming !== uid) giveUp();
      if (held === uid) return 'claimed';
      const mayTake = mayClaim && row?.rank !== null;
      let other = mayTake && row?.claim && !row.claim.mine ? row.claim : undefined;
      for (;;) {
        const choice = other === undefined ? 'claim' : await askAboutClaim(other, nowMs());
        if (mine !== turn) return 'stale';
        if (choice !== 'back' && choice !== 'looking' && mayTake) coming = uid;
        else {
          giveUp();
          return choice === 'back' ? choice : 'looking';
        }
        try {
          await inLine(uid, async () => mine === turn && api.claim(uid, { takeOver: other !== undefined }));
        } catch (error) {
          if (mine !== turn) return 'stale';
          if (error.code !== 'claimed-by-other') {
            giveUp();
            throw error;
          }
          coming = undefined;
          other = error.claim ?? { by: '', sinceMs: nowMs() };
          continue;
        }
        return mine === turn ? 'claimed' : 'stale';
      }
    },
    /** It is on screen now, whatever came of its claim; what was there before is given back. */
    show(uid) {
      if (held === uid) return;
      const before = held;
      if (coming === uid) keep(uid);
      else drop();
      coming = undefined;
      if (before !== undefined) giveBack(before);
    },
    /** What was to be shown does not come. */
    giveUp,
    async release() {
      turn += 1;
      await Promise.all([giveUp(), letGo()]);
    },
    /** It was read or closed: the server has released it. */
    forget(uid) {
      if (held === uid) drop();
      if (coming !== uid) return;
      turn += 1;
      giveUp();
    },
    /** The viewer, on its way in this window, goes on holding it. */
    handOver(uid) {
      handedOver = uid;
    },
    /** The page goes away: said without waiting for an answer. */
    leave() {
      turn += 1;
      for (const uid of [held, coming]) if (uid !== undefined && uid !== handedOver) api.releaseWhileLeaving(uid);
      drop();
      coming = undefined;
    },
    /** What the list says now: another's claim on the open study, or none (given back in another window), is not waited for until the next renewal. */
    see(row) {
      if (held === undefined || row?.studyInstanceUid !== held || row.claim?.mine) return;
      if (row.claim) {
        drop();
        onLost(row.claim.by);
      } else if (row.rank !== null && row !== doubted && !renewing) {
        doubted = row;
        renew();
      }
    },
  };
}

/** 'looking', 'take-over' or 'back'. */
function askAboutClaim(claim, nowMs) {
  return new Promise((answer) => {
    const button = (value, key, primary) => h('button', { type: 'submit', value, class: primary ? 'primary' : '', autofocus: primary }, t(key));
    const dialog = h('dialog', { class: 'ask claim-ask', 'aria-labelledby': 'claim-words' }, h('form', { method: 'dialog' },
      h('h2', { id: 'claim-words' }, bdi(t('claim.other', { who: plain(claim.by) || t('claim.somebody'), time: shortDuration(nowMs - claim.sinceMs) }))),
      h('p', { class: 'sub' }, t('claim.other.hint')),
      h('div', { class: 'ask-buttons' }, button('back', 'claim.back', true), h('span', { class: 'spacer' }), button('looking', 'claim.look'), button('take-over', 'claim.takeOver'))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      answer(['looking', 'take-over'].includes(dialog.returnValue) ? dialog.returnValue : 'back');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
