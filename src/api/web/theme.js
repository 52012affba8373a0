/** Dark for the reading room unless somebody chose otherwise here; `system` follows the machine. */
const THEMES = ['dark', 'light', 'system'];
const KEPT_AS = 'firstread.theme';

export const themeName = () => (THEMES.includes(localStorage.getItem(KEPT_AS)) ? localStorage.getItem(KEPT_AS) : 'dark');

export function nextTheme() {
  localStorage.setItem(KEPT_AS, THEMES[(THEMES.indexOf(themeName()) + 1) % THEMES.length]);
  applyTheme();
}

function applyTheme() {
  document.documentElement.dataset.theme = themeName();
}

applyTheme();
