/** Full resolution of one picture: header, frame, decoding, and the surface that can draw it here. */
import { t } from '../web/strings.js';
import { createCanvasSurface } from './canvas-surface.js';
import { createGpuSurface } from './gpu-surface.js';
import { readHeader } from './header.js';
import { dropImage, imageIdOf, keepHeader, keepImage, startLibrary } from './library.js';
import { bulkData, loadFull, NotShown, studyHeaders } from './load-full.js';
import { presetsOf, scaleOf } from './stored-scale.js';
import { readVoiTables } from './voi-tables.js';

const headersOf = new Map();
let textureSideMax;

/** 0 where there is no WebGL 2: then everything is drawn on a plain canvas. */
function largestTexture() {
  textureSideMax ??= (() => {
    const gl = document.createElement('canvas').getContext('webgl2');
    const side = gl?.getParameter(gl.MAX_TEXTURE_SIZE) ?? 0;
    gl?.getExtension('WEBGL_lose_context')?.loseContext();
    return side;
  })();
  return textureSideMax;
}

async function headerOf({ studyInstanceUid, image }) {
  if (!headersOf.has(studyInstanceUid)) {
    const asked = studyHeaders(studyInstanceUid).then((all) => all.map(readHeader));
    headersOf.set(studyInstanceUid, asked);
    asked.catch(() => headersOf.delete(studyInstanceUid));
  }
  const header = (await headersOf.get(studyInstanceUid)).find((one) => one.sopInstanceUid === image.sopInstanceUid);
  if (header === undefined) throw new NotShown('gone', t('viewer.failed.gone'));
  return header;
}

/** Undefined where the card fails: a driver that has crashed too often is taken away by the browser. It is not tried again. */
async function onGraphicsCard(parts) {
  try {
    return await createGpuSurface(parts);
  } catch {
    textureSideMax = 0;
    return undefined;
  }
}

/** A surface with `header`, `scale`, `presets`, and `close`. */
export async function openFull({ picture, place, signal, onProgress, onDecoding }) {
  const { studyInstanceUid, image: { sopInstanceUid } } = picture;
  const imageId = imageIdOf({ studyInstanceUid, sopInstanceUid });
  const [header] = await Promise.all([headerOf(picture), startLibrary()]);
  signal.throwIfAborted();
  keepHeader(imageId, header);
  const [image, tables] = await Promise.all([loadFull({ place: { studyInstanceUid, seriesInstanceUid: header.seriesInstanceUid, sopInstanceUid }, header, imageId, signal, onProgress, onDecoding }), readVoiTables(header, (address) => bulkData(address, signal).catch(() => undefined))]);
  signal.throwIfAborted();
  keepImage(imageId, image);
  const grey = scaleOf(image.getPixelData());
  const onGpu = Math.max(header.rows, header.columns) <= largestTexture() ? await onGraphicsCard({ imageId, header, place }) : undefined;
  const surface = onGpu ?? createCanvasSurface({ image, header, place });
  const close = surface.close;
  return Object.assign(surface, {
    header, isSlow: onGpu === undefined, scale: grey.scale,
    presets: presetsOf(header, tables, grey, (n) => t('preset.file', { n: n ?? '' }).trim()),
    close() {
      close();
      dropImage(imageId);
    },
  });
}
