/** Where a sign-in in a window of its own comes back to: tells the page that waits, and closes where it may. */
import { setText } from './dom.js';
import { t } from './strings.js';

setText(document.getElementById('words'), t('signIn.done'));
new BroadcastChannel('firstread.session').postMessage('signed-in');
setTimeout(() => window.close(), 400);
