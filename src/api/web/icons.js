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
  'eye': [['path', { d: 'M1.8 10S5 4.8 10 4.8 18.2 10 18.2 10 15 15.2 10 15.2 1.8 10 1.8 10z', class: 'stroke' }], ['circle', { cx: 10, cy: 10, r: 2.4, class: 'fill' }]],
  'down': [['path', { d: 'm6 8 4 4 4-4', class: 'stroke' }]],
  'sort': [['path', { d: 'M10 4v12M5.5 11.5 10 16l4.5-4.5', class: 'stroke' }]],
  'order': [['path', { d: 'M4 5h8M4 10h6M4 15h4M15 4v12M12.5 13.5 15 16l2.5-2.5', class: 'stroke' }]],
  'gear': [['path', { d: 'M3 6h7M14 6h3M3 14h3M10 14h7', class: 'stroke' }], ['circle', { cx: 12, cy: 6, r: 2, class: 'stroke' }], ['circle', { cx: 8, cy: 14, r: 2, class: 'stroke' }]],
  'person': [['circle', { cx: 10, cy: 7, r: 3.2, class: 'stroke' }], ['path', { d: 'M3.8 17c.6-3.2 3.1-5 6.2-5s5.6 1.8 6.2 5', class: 'stroke' }]],
  'device': [['path', { d: 'M3 4h10v12H3zM13 7h4v9h-4M5.5 7h5M5.5 10h5', class: 'stroke' }], ['circle', { cx: 8, cy: 13.2, r: 0.9, class: 'fill' }]],
  'clock': [['circle', { cx: 10, cy: 10, r: 6.8, class: 'stroke' }], ['path', { d: 'M10 6v4l2.8 2', class: 'stroke' }]],
  'copy': [['path', { d: 'M7 7h9.5v9.5H7zM4 13H3.5V3.5H13V4', class: 'stroke' }]],
  'list': [['path', { d: 'M7 5h10M7 10h10M7 15h10', class: 'stroke' }], ['circle', { cx: 3.5, cy: 5, r: 0.9, class: 'fill' }], ['circle', { cx: 3.5, cy: 10, r: 0.9, class: 'fill' }], ['circle', { cx: 3.5, cy: 15, r: 0.9, class: 'fill' }]],
  'close': [['path', { d: 'm5 5 10 10M15 5 5 15', class: 'stroke' }]],
  'check': [['path', { d: 'm4 10.5 4 4 8-9', class: 'stroke' }]],
  'back': [['path', { d: 'M8 4 3.5 8.5 8 13M4 8.5h7.5a5 5 0 0 1 0 10H9', class: 'stroke' }]],
  'bolt': [['path', { d: 'M11 2 4.5 11.5H9L8 18l6.5-9.5H10z', class: 'fill' }]],
  'search': [['circle', { cx: 8.5, cy: 8.5, r: 5, class: 'stroke' }], ['path', { d: 'm12.5 12.5 4.5 4.5', class: 'stroke' }]],
  'layers': [['path', { d: 'm10 3 7.5 4.2L10 11.4 2.5 7.2zM3 11l7 4 7-4', class: 'stroke' }]],
  'overlay': [['path', { d: 'm10 3 7.5 4.2L10 11.4 2.5 7.2zM3 11l7 4 7-4', class: 'stroke' }]],
  'heat': [['path', { d: 'M10 2.5c.6 3.2 4.6 4.9 4.6 9a4.6 4.6 0 0 1-9.2 0c0-1.9 1-3.3 2.2-4.4.3 1.4 1 2 1.6 2.3C9 7 9 4.5 10 2.5z', class: 'stroke' }]],
  'invert': [['circle', { cx: 10, cy: 10, r: 6.5, class: 'stroke' }], ['path', { d: 'M10 3.5a6.5 6.5 0 0 1 0 13z', class: 'fill' }]],
  'pan': [['path', { d: 'M10 2.5v15M2.5 10h15M7.8 4.7 10 2.5l2.2 2.2M7.8 15.3l2.2 2.2 2.2-2.2M4.7 7.8 2.5 10l2.2 2.2M15.3 7.8l2.2 2.2-2.2 2.2', class: 'stroke' }]],
  'length': [['path', { d: 'm2.5 13.5 11-11 4 4-11 11zM6 10l1.7 1.7M8.7 7.3l1.7 1.7M11.4 4.6l1.7 1.7', class: 'stroke' }]],
  'zoomIn': [['circle', { cx: 8.5, cy: 8.5, r: 5.2, class: 'stroke' }], ['path', { d: 'm12.5 12.5 4.5 4.5M6 8.5h5M8.5 6v5', class: 'stroke' }]],
  'zoomOut': [['circle', { cx: 8.5, cy: 8.5, r: 5.2, class: 'stroke' }], ['path', { d: 'm12.5 12.5 4.5 4.5M6 8.5h5', class: 'stroke' }]],
  'fit': [['path', { d: 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4', class: 'stroke' }], ['path', { d: 'M7.5 7h5v6h-5z', class: 'stroke' }]],
  'oneToOne': [['path', { d: 'M4 7.2 6 6v8M13.5 7.2l2-1.2v8', class: 'stroke' }], ['circle', { cx: 10.2, cy: 8, r: 0.9, class: 'fill' }], ['circle', { cx: 10.2, cy: 12.6, r: 0.9, class: 'fill' }]],
  'turn': [['path', { d: 'M16 10a6 6 0 1 1-2-4.5l2 1.8M16 3.2v4.2h-4.2', class: 'stroke' }]],
  'mirror': [['path', { d: 'M10 2.5v15', class: 'stroke' }], ['path', { d: 'M7.5 5v10L2.5 15z', class: 'stroke' }], ['path', { d: 'M12.5 5v10l5 0z', class: 'fill' }]],
  'upsideDown': [['path', { d: 'M2.5 10h15', class: 'stroke' }], ['path', { d: 'M5 7.5h10L15 2.5z', class: 'stroke' }], ['path', { d: 'M5 12.5h10l0 5z', class: 'fill' }]],
  'reset': [['path', { d: 'M4 10a6 6 0 1 0 2-4.5L4 7.3M4 3.2v4.2h4.2', class: 'stroke' }]],
  'full': [['path', { d: 'M3 3h14v14H3zM3 8h14M3 12.5h14M7.7 3v14M12.3 3v14', class: 'stroke' }]],
  'agree': [['path', { d: 'M6.5 9 9.5 3c1.4 0 2 1 1.7 2.4L10.7 8h4.6c1 0 1.6.8 1.4 1.7l-1.2 5.6c-.2.8-.8 1.2-1.5 1.2H6.5zM3 9h3.5v7.5H3z', class: 'stroke' }]],
  'disagree': [['path', { d: 'M13.5 11l-3 6c-1.4 0-2-1-1.7-2.4L9.3 12H4.7c-1 0-1.6-.8-1.4-1.7l1.2-5.6c.2-.8.8-1.2 1.5-1.2h7.5zM17 11h-3.5V3.5H17z', class: 'stroke' }]],
  'note': [['path', { d: 'M4 16l.8-3.4L13.5 4l2.6 2.6-8.7 8.6z', class: 'stroke' }]],
  'document': [['path', { d: 'M5 2.5h7l3.5 3.5v11.5H5zM11.5 2.5V6.5h4M7.5 10h5.5M7.5 13.2h5.5', class: 'stroke' }]],
  'outside': [['path', { d: 'M8 4.5H3.5v12H15.5V12M11.5 3H17v5.5M17 3l-8 8', class: 'stroke' }]],
  'sideBySide': [['path', { d: 'M2.5 4h15v12h-15zM10 4v12', class: 'stroke' }]],
  'link': [['path', { d: 'M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1', class: 'stroke' }]],
  'wide': [['path', { d: 'M12 3h5v5M8 17H3v-5M17 3l-6 6M3 17l6-6', class: 'stroke' }]],
  'sun': [['circle', { cx: 10, cy: 10, r: 3.4, class: 'stroke' }], ['path', { d: 'M10 2.4v2M10 15.6v2M2.4 10h2M15.6 10h2M4.6 4.6 6 6M14 14l1.4 1.4M15.4 4.6 14 6M6 14l-1.4 1.4', class: 'stroke' }]],
  'exit': [['path', { d: 'M8 3.5H4v13h4M8 10h9M13.5 6.5 17 10l-3.5 3.5', class: 'stroke' }]],
};

export function icon(name) {
  return svg('svg', { viewBox: '0 0 20 20', class: `icon icon-${name}`, 'aria-hidden': 'true', focusable: 'false' }, PATHS[name].map(([tag, attributes]) => svg(tag, attributes)));
}
