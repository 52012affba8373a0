/**
 * Reduced pictures as <img> elements, kept while they may be wanted: the open study's, and the next one's fetched ahead,
 * so that stepping down the list shows the next film at once. A picture that is kept is not fetched (nor audited) again.
 */
import { previewAddress } from '../api.js';
import { h } from '../dom.js';
import { pictureAhead } from './preview-requests.js';

const KEPT_MAX = 12;
const kept = new Map();

/** The <img> of a file; its `loaded` promise tells when it can be drawn, and rejects where there is none. */
export function previewOf(fileKey) {
  const known = kept.get(fileKey);
  if (known !== undefined) return known;
  return keep(fileKey, previewAddress(fileKey));
}

function keep(fileKey, address) {
  const img = h('img', { draggable: 'false', alt: '' });
  img.loaded = new Promise((done, failed) => {
    img.addEventListener('load', () => done(img), { once: true });
    img.addEventListener('error', () => {
      kept.delete(fileKey);
      failed(new Error('no preview'));
    }, { once: true });
  });
  img.loaded.catch(() => undefined);
  img.src = address;
  kept.set(fileKey, img);
  while (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value);
  return img;
}

let ahead;

/** Fetches the first picture of a study that will probably be opened next. The answer's ETag is the file's key. */
export async function fetchAhead(studyInstanceUid) {
  if (studyInstanceUid === undefined || ahead === studyInstanceUid) return;
  ahead = studyInstanceUid;
  try {
    const { fileKey, blob } = await pictureAhead(studyInstanceUid);
    if (kept.has(fileKey)) return;
    const address = URL.createObjectURL(blob);
    const img = keep(fileKey, address);
    img.loaded.finally(() => URL.revokeObjectURL(address)).catch(() => undefined);
  } catch {
    // Nothing is lost: the picture is fetched when its study is opened.
  }
}
