/** The page's few pictures, drawn on a 20 × 20 grid. Flags differ in outline first and in colour second. */
import { svg } from './dom.js';

const PATHS = {
  // a filled flag on its pole
  'flagged': [['path', { d: 'M5 2.5v15', class: 'stroke' }], ['path', { d: 'M5 3.2h10.2l-2.6 3.6 2.6 3.6H5z', class: 'fill stroke' }]],
  // an empty ring
  'not-flagged': [['circle', { cx: 10, cy: 10, r: 6.2, class: 'stroke' }]],
  // a ring being drawn
  'analysing': [['circle', { cx: 10, cy: 10, r: 6.2, class: 'stroke faint' }], ['path', { d: 'M10 3.8a6.2 6.2 0 0 1 6.2 6.2', class: 'stroke turning' }]],
  // a warning triangle
  'attention': [['path', { d: 'M10 3 17.5 16.5h-15z', class: 'stroke' }], ['path', { d: 'M10 8v4', class: 'stroke' }], ['circle', { cx: 10, cy: 14.2, r: 0.9, class: 'fill' }]],
  // a ring struck through
  'not-analysed': [['circle', { cx: 10, cy: 10, r: 6.2, class: 'stroke' }], ['path', { d: 'm5.7 14.3 8.6-8.6', class: 'stroke' }]],
  'close': [['path', { d: 'm5 5 10 10M15 5 5 15', class: 'stroke' }]],
  'check': [['path', { d: 'm4 10.5 4 4 8-9', class: 'stroke' }]],
  'back': [['path', { d: 'M8 4 3.5 8.5 8 13M4 8.5h7.5a5 5 0 0 1 0 10H9', class: 'stroke' }]],
  'bolt': [['path', { d: 'M11 2 4.5 11.5H9L8 18l6.5-9.5H10z', class: 'fill' }]],
  'search': [['circle', { cx: 8.5, cy: 8.5, r: 5, class: 'stroke' }], ['path', { d: 'm12.5 12.5 4.5 4.5', class: 'stroke' }]],
  'layers': [['path', { d: 'm10 3 7.5 4.2L10 11.4 2.5 7.2zM3 11l7 4 7-4', class: 'stroke' }]],
  'wide': [['path', { d: 'M12 3h5v5M8 17H3v-5M17 3l-6 6M3 17l6-6', class: 'stroke' }]],
  'sun': [['circle', { cx: 10, cy: 10, r: 3.4, class: 'stroke' }], ['path', { d: 'M10 2.4v2M10 15.6v2M2.4 10h2M15.6 10h2M4.6 4.6 6 6M14 14l1.4 1.4M15.4 4.6 14 6M6 14l-1.4 1.4', class: 'stroke' }]],
  'exit': [['path', { d: 'M8 3.5H4v13h4M8 10h9M13.5 6.5 17 10l-3.5 3.5', class: 'stroke' }]],
};

export function icon(name) {
  return svg('svg', { viewBox: '0 0 20 20', class: `icon icon-${name}`, 'aria-hidden': 'true', focusable: 'false' }, PATHS[name].map(([tag, attributes]) => svg(tag, attributes)));
}
