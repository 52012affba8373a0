/** The page's beginning: through the door to the desk. Why another way in (a link, the hospital's account) was refused stands in the address, once. */
import { openDesk } from './desk.js';
import { openDoor } from './door.js';
import { hasText, t } from './strings.js';

const refused = new URLSearchParams(location.search).get('refused');
if (refused !== null) history.replaceState(null, '', `/${location.hash}`);
openDoor(openDesk, refused !== null && hasText(`error.${refused}`) ? t(`error.${refused}`) : undefined);
