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
  let timer;

  async function renew() {
    const uid = held;
    if (uid === undefined) return;
    try {
      await api.claim(uid, { background: true });
    } catch (error) {
      // Out of reach or signed out: the list says so, and the claim lapses by itself.
      if (error.code !== 'claimed-by-other' || held !== uid) return;
      drop();
      onLost(error.claim?.by);
    }
  }

  function drop() {
    held = undefined;
    clearInterval(timer);
  }

  function keep(uid) {
    drop();
    held = uid;
    timer = setInterval(renew, RENEW_MS);
  }

  return {
    /** 'claimed', 'looking' (not claimed, on purpose or for want of the right) or 'back'. `row`: as the list knows it. */
    async take(uid, row, nowMs) {
      if (held === uid) return 'claimed';
      await this.release();
      if (!mayClaim || row?.rank === null) return 'looking';
      let other = row?.claim && !row.claim.mine ? row.claim : undefined;
      for (;;) {
        if (other !== undefined) {
          const choice = await askAboutClaim(other, nowMs());
          if (choice !== 'take-over') return choice;
        }
        try {
          await api.claim(uid, { takeOver: other !== undefined });
          keep(uid);
          return 'claimed';
        } catch (error) {
          if (error.code !== 'claimed-by-other') throw error;
          other = error.claim ?? { by: '', sinceMs: nowMs() };
        }
      }
    },
    async release() {
      const uid = held;
      drop();
      if (uid !== undefined) await api.release(uid).catch(() => undefined);
    },
    /** Its study was read or closed: the server has released it. */
    forget: drop,
    held: () => held,
    /** The page goes away: said without waiting for an answer. */
    leave() {
      if (held !== undefined) api.releaseWhileLeaving(held);
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
