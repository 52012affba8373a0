/** The operations page's beginning: through the door; whoever may not look is shown back to the list. */
import { openDoor } from '../door.js';
import { h } from '../dom.js';
import { t } from '../strings.js';
import { openOperations } from './page.js';

openDoor((app, session, leaving) => {
  if (session.permissions.includes('view-devices')) return openOperations(app, session, leaving);
  app.replaceChildren(h('main', { class: 'notice' }, h('p', {}, t('ops.notForYou')), h('p', {}, h('a', { href: '/' }, t('ops.worklist')))));
  return () => undefined;
});
