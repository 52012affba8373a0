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
  let held;
  /** Held, or being asked for: what must not be given back. */
  let wanted;
  let handedOver;
  let timer;
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
    try {
      await inLine(uid, async () => held === uid && api.claim(uid, { background: true }));
    } catch (error) {
      // Out of reach or signed out: the list says so, and the claim lapses by itself.
      if (error.code !== 'claimed-by-other' || held !== uid) return;
      drop();
      onLost(error.claim?.by);
    }
  }

  function drop() {
    held = undefined;
    wanted = undefined;
    clearInterval(timer);
  }

  function keep(uid) {
    held = uid;
    handedOver = undefined;
    timer = setInterval(renew, RENEW_MS);
  }

  /** Not where the reader has come back to it meanwhile. */
  const giveBack = (uid) => inLine(uid, async () => wanted !== uid && api.release(uid)).catch(() => undefined);

  async function letGo() {
    const uid = held;
    drop();
    if (uid !== undefined) await giveBack(uid);
  }

  return {
    /**
     * 'claimed', 'looking' (not claimed, on purpose or for want of the right), 'back', or 'stale': the reader has gone on
     * meanwhile, and nothing is held for what they asked here. `row`: as the list knows it.
     */
    async take(uid, row, nowMs) {
      const mine = ++turn;
      wanted = held;
      if (held === uid) return 'claimed';
      const mayTake = mayClaim && row?.rank !== null;
      let other = mayTake && row?.claim && !row.claim.mine ? row.claim : undefined;
      for (;;) {
        const choice = other === undefined ? 'claim' : await askAboutClaim(other, nowMs());
        if (mine !== turn) return 'stale';
        if (choice === 'back') return choice;
        letGo();
        if (choice === 'looking' || !mayTake) return 'looking';
        wanted = uid;
        let answer;
        try {
          answer = await inLine(uid, async () => mine === turn && api.claim(uid, { takeOver: other !== undefined }));
        } catch (error) {
          if (mine !== turn) return 'stale';
          wanted = undefined;
          if (error.code !== 'claimed-by-other') throw error;
          other = error.claim ?? { by: '', sinceMs: nowMs() };
          continue;
        }
        if (mine === turn) {
          keep(uid);
          return 'claimed';
        }
        if (answer !== false) giveBack(uid);
        return 'stale';
      }
    },
    async release() {
      turn += 1;
      await letGo();
    },
    /** It was read or closed: the server has released it. */
    forget(uid) {
      if (wanted !== uid) return;
      turn += 1;
      drop();
    },
    /** The viewer, on its way in this window, goes on holding it. */
    handOver(uid) {
      handedOver = uid;
    },
    /** The page goes away: said without waiting for an answer. */
    leave() {
      turn += 1;
      if (wanted !== undefined && wanted !== handedOver) api.releaseWhileLeaving(wanted);
      drop();
    },
    /** What the list says now: another's claim on the open study is not waited for until the next renewal. */
    see(row) {
      if (held === undefined || row?.studyInstanceUid !== held || !row.claim || row.claim.mine) return;
      drop();
      onLost(row.claim.by);
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
