/**
 * Elements out of plain calls. Text only ever becomes a text node and attributes are set one by one: nothing that came
 * from a patient's name can turn into markup. (The page's CSP forbids innerHTML by way of Trusted Types as well.)
 */
const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Sets text only where it differs: a ticking clock must not make a screen reader or a selection jump. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/** A click on a link that leads on in this window, not in another one. */
export const leavesHere = (event) => !event.ctrlKey && !event.metaKey && !event.shiftKey;

/** A name as written, isolated: right-to-left letters and marks in it stay in it. */
export const bdi = (text, attributes) => h('bdi', attributes, text);
