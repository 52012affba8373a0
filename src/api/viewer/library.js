/**
 * Cornerstone3D, told what our files say: loaded only when full resolution is asked for. Its world is the picture's own
 * plane, x along the rows in units of column spacing: no patient coordinates are claimed for a projection radiograph.
 */
import * as core from '@cornerstonejs/core';
import { init as initLoader } from '@cornerstonejs/dicom-image-loader';

const WORKER_COUNT_MAX = 2;
const SCHEME = 'firstread';
const headers = new Map();
const images = new Map();
let started;

export const imageIdOf = ({ studyInstanceUid, sopInstanceUid }) => `${SCHEME}:${studyInstanceUid}/${sopInstanceUid}`;

export function startLibrary() {
  started ??= (async () => {
    core.init({ rendering: { strictZSpacingForVolumeViewport: false } });
    initLoader({ maxWebWorkers: Math.max(1, Math.min(WORKER_COUNT_MAX, (navigator.hardwareConcurrency ?? 2) - 1)) });
    core.imageLoader.registerImageLoader(SCHEME, (imageId) => ({ promise: images.has(imageId) ? Promise.resolve(images.get(imageId)) : Promise.reject(new Error(`${imageId} was not loaded`)) }));
    core.metaData.addProvider(provide, 10_000);
  })();
  return started;
}

export const keepHeader = (imageId, header) => headers.set(imageId, header);
export const keepImage = (imageId, image) => images.set(imageId, image);
/** A picture that no pane shows any more gives its memory back. */
export function dropImage(imageId) {
  images.delete(imageId);
  if (core.cache.getImageLoadObject(imageId) !== undefined) core.cache.removeImageLoadObject(imageId, { force: true });
}

/** [row, column] distance in the library's world: square pixels of size 1 where nothing is known. */
export const worldSpacing = ({ spacingMm, aspect }) => spacingMm ?? [aspect, 1];

function provide(type, imageId) {
  const header = headers.get(imageId);
  if (header === undefined) return undefined;
  const [rowPixelSpacing, columnPixelSpacing] = worldSpacing(header);
  switch (type) {
    case 'imagePixelModule':
      return {
        samplesPerPixel: header.samplesPerPixel, photometricInterpretation: header.photometric, planarConfiguration: header.planarConfiguration, rows: header.rows, columns: header.columns,
        bitsAllocated: header.bitsAllocated, bitsStored: header.bitsStored, highBit: header.highBit ?? header.bitsStored - 1, pixelRepresentation: header.pixelRepresentation,
      };
    case 'imagePlaneModule':
      return {
        frameOfReferenceUID: imageId, rows: header.rows, columns: header.columns, rowPixelSpacing, columnPixelSpacing, pixelSpacing: [rowPixelSpacing, columnPixelSpacing],
        imageOrientationPatient: [1, 0, 0, 0, 1, 0], rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], imagePositionPatient: [0, 0, 0], sliceThickness: 1, sliceLocation: 0, usingDefaultValues: false,
      };
    case 'voiLutModule':
      return header.windows.length === 0 ? {} : { windowCenter: header.windows.map(({ center }) => center), windowWidth: header.windows.map(({ width }) => width), voiLUTFunction: header.windowFunction };
    case 'modalityLutModule':
      return header.rescaleSlope === undefined ? {} : { rescaleSlope: header.rescaleSlope, rescaleIntercept: header.rescaleIntercept ?? 0 };
    case 'generalSeriesModule':
      return { modality: header.modality, seriesInstanceUID: header.seriesInstanceUid };
    case 'sopCommonModule':
      return { sopInstanceUID: header.sopInstanceUid };
    default:
      return undefined;
  }
}
