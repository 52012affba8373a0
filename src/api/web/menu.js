/** A button that drops a list of choices: by mouse, by arrows, closed by Esc or by looking elsewhere. One is open at a time. */
import { bdi, h, setAttribute } from './dom.js';
import { icon } from './icons.js';

let openMenu;

/** `content(close)`: the choices, made anew each time it opens. */
export function createMenu({ name, content }) {
  const label = h('span', {});
  const button = h('button', { type: 'button', class: `quiet drop ${name}`, 'aria-haspopup': 'true', 'aria-expanded': 'false', onclick: () => (isOpen() ? close() : open()) }, label, icon('down'));
  const sheet = h('div', { class: 'menu-sheet', role: 'menu', hidden: true });
  const element = h('div', { class: 'menu' }, button, sheet);
  const isOpen = () => !sheet.hidden;
  const choices = () => [...sheet.querySelectorAll('button, input')];

  const fill = () => sheet.replaceChildren(...content(closeAndReturn).flat().filter(Boolean));
  const focusFirst = () => (sheet.querySelector('[aria-checked="true"]') ?? choices()[0])?.focus();

  /** The choices came after the sheet was opened: on a slow line, or under a quick hand. */
  function renew() {
    if (!isOpen()) return;
    fill();
    focusFirst();
  }

  function open() {
    openMenu?.();
    openMenu = close;
    setAttribute(sheet, 'aria-label', button.getAttribute('aria-label') ?? label.textContent);
    fill();
    sheet.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    // On a narrow screen the bar scrolls: the sheet hangs from the button wherever that is, and stays on the screen.
    const place = button.getBoundingClientRect();
    sheet.style.top = `${place.bottom + 4}px`;
    sheet.style.left = `${Math.max(8, Math.min(place.left, innerWidth - sheet.offsetWidth - 8))}px`;
    focusFirst();
    document.addEventListener('pointerdown', elsewhere, true);
  }

  function close() {
    if (!isOpen()) return;
    openMenu = undefined;
    sheet.hidden = true;
    sheet.replaceChildren();
    button.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', elsewhere, true);
  }

  function closeAndReturn() {
    close();
    button.focus();
  }

  const elsewhere = (event) => element.contains(event.target) || close();

  sheet.addEventListener('keydown', (event) => {
    const all = choices();
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    const inText = event.target instanceof HTMLInputElement && (event.key === 'Home' || event.key === 'End');
    event.stopPropagation();
    if (event.key === 'Escape') closeAndReturn();
    else if (event.key === 'Tab') close();
    else if (to !== undefined && !inText) all[(to + all.length) % all.length]?.focus();
    else return;
    if (event.key !== 'Tab') event.preventDefault();
  });
  button.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' || isOpen()) return;
    event.preventDefault();
    event.stopPropagation();
    open();
  });

  return { element, button, label, close, renew };
}

/** One choice; `many`: several may be chosen. What a device or person is called stays as written, whatever its letters. */
export function choice({ text, chosen, many = false, lead, onChoose }) {
  return h('button', { type: 'button', class: 'choice', role: many ? 'menuitemcheckbox' : 'menuitemradio', 'aria-checked': String(chosen), onclick: onChoose },
    h('span', { class: 'tick' }, chosen && icon('check')), lead, bdi(text));
}
