/**
 * The full viewer, a page of its own: its CSP alone allows WebAssembly, its memory is given back when it is left, and it
 * can stand on a second screen. One or two pictures of a study, and of the patient's earlier ones.
 */
import './trusted.js';
import '../web/theme.js';
import * as api from '../web/api.js';
import { h } from '../web/dom.js';
import { hasText, t } from '../web/strings.js';
import { keepClaim } from './claim.js';
import { openDesk } from './viewer-desk.js';

const UID = /^[0-9.]{1,64}$/;
const app = document.getElementById('app');
const query = new URLSearchParams(location.search);
const uidOf = (name) => (UID.test(query.get(name) ?? '') ? query.get(name) : undefined);

const say = (words) => app.replaceChildren(h('main', { class: 'notice', role: 'alert' }, h('p', {}, words), h('p', {}, h('a', { href: '/' }, t('viewer.back')))));

start();

async function start() {
  const uid = uidOf('study');
  document.title = `${t('viewer.title')} – Firstread`;
  if (uid === undefined) return say(t('viewer.noStudy'));
  let claiming;
  try {
    const session = await api.session();
    if (!session.signedIn) return say(t('viewer.signIn'));
    claiming = session.permissions.includes('claim') ? keepClaim(uid) : undefined;
    const [detail, models, claim] = await Promise.all([api.study(uid), api.models().then((answer) => answer.models, () => []), claiming]);
    return await openDesk({ app, detail, session, claim, models: new Map(models.map((model) => [model.sha256, model])), prior: uidOf('prior') });
  } catch (error) {
    claiming?.then((claim) => claim.letGo());
    return say(hasText(`error.${error.code}`) ? t(`error.${error.code}`) : t('error.other', { code: error.code ?? error.name }));
  }
}
