/** A study that its reader took over to the viewer stays theirs: the claim is renewed here, and never taken from anybody. */
import * as api from '../web/api.js';

const RENEW_MS = 45_000;

export function keepClaim(row, mayClaim) {
  if (!mayClaim || row.rank === null || (row.claim && !row.claim.mine)) return;
  const uid = row.studyInstanceUid;
  const renew = () => api.claim(uid, { background: true }).catch((error) => error.code === 'claimed-by-other' && clearInterval(timer));
  const timer = setInterval(renew, RENEW_MS);
  renew();
  addEventListener('pagehide', () => api.releaseWhileLeaving(uid), { once: true });
}
