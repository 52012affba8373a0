/** What a viewer needs of a DICOM JSON header (PS3.18 F.2): sizes, grey scale, windows, spacing, orientation. PURE. */

const number = (value) => (value === undefined || value === null || value === '' ? undefined : Number(value));
const first = (header, tag) => header[tag]?.Value?.[0];
const numbers = (header, tag) => (header[tag]?.Value ?? []).map(Number).filter(Number.isFinite);
const text = (header, tag) => String(first(header, tag) ?? '').trim();

export function readHeader(header) {
  const [centers, widths] = [numbers(header, '00281050'), numbers(header, '00281051')];
  const explanations = header['00281055']?.Value ?? [];
  const kind = text(header, '00281056');
  const [bitsStored, pixelRepresentation] = [number(first(header, '00280101')) ?? 16, number(first(header, '00280103')) ?? 0];
  const [rescaleSlope, rescaleIntercept] = [number(first(header, '00281053')), number(first(header, '00281052'))];
  const lowest = pixelRepresentation === 1 ? -(2 ** (bitsStored - 1)) : 0;
  // Windows and tables are for what a Modality LUT Sequence would make of the values, and it is not applied here.
  const withModalityTable = (header['00283000']?.Value ?? []).length > 0;
  const outputs = [lowest, lowest + 2 ** bitsStored - 1].map((value) => value * (rescaleSlope ?? 1) + (rescaleIntercept ?? 0));
  return {
    sopInstanceUid: text(header, '00080018'),
    seriesInstanceUid: text(header, '0020000E'),
    modality: text(header, '00080060'),
    rows: number(first(header, '00280010')),
    columns: number(first(header, '00280011')),
    samplesPerPixel: number(first(header, '00280002')) ?? 1,
    photometric: text(header, '00280004') || 'MONOCHROME2',
    planarConfiguration: number(first(header, '00280006')),
    bitsAllocated: number(first(header, '00280100')) ?? 16,
    bitsStored,
    highBit: number(first(header, '00280102')),
    pixelRepresentation,
    rescaleSlope,
    rescaleIntercept,
    windows: withModalityTable ? [] : centers.slice(0, widths.length).map((center, at) => ({ center, width: widths[at], explanation: String(explanations[at] ?? '').trim() })).filter(({ width }) => width >= 1),
    windowFunction: kind === 'SIGMOID' || kind === 'LINEAR_EXACT' ? kind : 'LINEAR',
    /** The items of a VOI LUT Sequence, and whether their first values are signed: as the Modality LUT's output is (PS3.3 C.11.2.1.1). */
    voiTables: withModalityTable ? [] : (header['00283010']?.Value ?? []),
    signedValues: Math.min(...outputs) < 0,
    orientation: (header['00200020']?.Value ?? []).map(String),
    ...spacingOf(header),
  };
}

const pair = (header, tag) => {
  const values = numbers(header, tag);
  return values.length === 2 && values[0] > 0 && values[1] > 0 ? values : undefined;
};

/**
 * `spacingMm` [between rows, between columns] and what it is worth (PS3.3 10.7.1.3): `calibrated` only where the file
 * says so or a Pixel Spacing differs from the detector's. `aspect`: height over width of a pixel, also where no
 * millimetres are known.
 */
function spacingOf(header) {
  const [pixel, imager, scanned] = [pair(header, '00280030'), pair(header, '00181164'), pair(header, '00182010')];
  const spacingMm = pixel ?? imager ?? scanned;
  const ratio = pair(header, '00280034');
  const same = pixel !== undefined && imager !== undefined && Math.abs(pixel[0] - imager[0]) < 1e-6 && Math.abs(pixel[1] - imager[1]) < 1e-6;
  const calibrated = pixel !== undefined && (text(header, '00280A02') !== '' || (imager !== undefined && !same));
  return { spacingMm, calibrated, aspect: spacingMm !== undefined ? spacingMm[0] / spacingMm[1] : ratio !== undefined ? ratio[0] / ratio[1] : 1 };
}
