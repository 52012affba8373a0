/**
 * A study in the viewer is its reader's: asked for before its first picture is shown, renewed here, given back when the
 * page goes. It is never taken from anybody unasked: who has it is said, with the way to take it over.
 */
import * as api from '../web/api.js';
import { plain, shortDuration } from '../web/format.js';
import { says } from '../web/reading.js';
import { t } from '../web/strings.js';
import { toast } from '../web/toast.js';

const RENEW_MS = 45_000;

/**
 * Resolves when it is known whose the study is, or that nobody knows. `handOver`: the list, on its way in this window, goes
 * on holding it. `letGo`: the study is not shown after all.
 */
export async function keepClaim(uid) {
  /** While it is held. */
  let timer;
  let handedOver = false;
  const gone = new AbortController();
  let removeWords;

  const somebody = (claim) => plain(claim?.by ?? '') || t('claim.somebody');

  function drop() {
    clearInterval(timer);
    timer = undefined;
  }

  function tell(words) {
    removeWords?.();
    removeWords = toast(words, { label: t('claim.takeOver'), run: () => ask({ takeOver: true }) }, { stays: true });
  }

  async function ask({ takeOver = false } = {}) {
    try {
      const { claim } = await api.claim(uid, { takeOver });
      // A study that has left the list is nobody's.
      if (claim === null) return;
      drop();
      timer = setInterval(renew, RENEW_MS);
    } catch (error) {
      if (error.code === 'claimed-by-other') tell(t('claim.other', { who: somebody(error.claim), time: shortDuration(Date.now() - (error.claim?.sinceMs ?? Date.now())) }));
      else if (takeOver) tell(says(error));
    }
  }

  async function renew() {
    try {
      await api.claim(uid, { background: true });
    } catch (error) {
      // Out of reach or signed out: it lapses by itself.
      if (error.code !== 'claimed-by-other' || timer === undefined) return;
      drop();
      tell(t('claim.lost', { who: somebody(error.claim) }));
    }
  }

  addEventListener('pagehide', () => {
    if (timer !== undefined && !handedOver) api.releaseWhileLeaving(uid);
    drop();
  }, { signal: gone.signal });
  // Back to the page as the browser has kept it.
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    handedOver = false;
    ask();
  }, { signal: gone.signal });

  function letGo() {
    gone.abort();
    removeWords?.();
    if (timer !== undefined) api.release(uid).catch(() => undefined);
    drop();
  }

  await ask();
  return { handOver: () => (handedOver = true), letGo };
}
