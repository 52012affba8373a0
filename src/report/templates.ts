/**
 * The templates of PS3.16 that a chest report is made of, one function each, named by TID. Rows that do not apply
 * (time points, sessions, derived measurements) are left out; the extensible places (TID 1500's Qualitative
 * Evaluations) hold items of the private scheme 99FRD.
 */
import { DCM, ENGLISH, SCT, UMLS, concept } from './coded-concepts.ts';
import type { CodedConcept } from './coded-concepts.ts';
import { code, container, image, num, polygon, text, uidref } from './content-tree.ts';
import type { ContentItem, ImageReference } from './content-tree.ts';

export interface DeviceObserver {
  readonly uid: string;
  readonly name: string;
  readonly manufacturer: string;
  readonly modelName: string;
  readonly serialNumber: string;
}

export interface AlgorithmIdentification {
  readonly name: string;
  readonly version: string;
  /** One line each: threshold, model hash, decode path. */
  readonly parameters: readonly string[];
}

export interface LibraryImage extends ImageReference {
  readonly modality: string;
}

export interface Measurement {
  readonly name: CodedConcept;
  readonly value: number;
  readonly unit: CodedConcept;
  /** How it was measured, where the bare number would mislead. */
  readonly method?: CodedConcept;
}

/** What every measurement group says, wherever the finding lies. */
export interface MeasuredFinding {
  readonly trackingIdentifier: string;
  readonly trackingUid: string;
  readonly finding: CodedConcept;
  readonly findingSite: CodedConcept;
  readonly algorithm: AlgorithmIdentification;
  readonly measurements: readonly Measurement[];
}

/** TID 1500 Measurement Report: the root. */
export function tid1500MeasurementReport(parts: {
  readonly observer: DeviceObserver;
  readonly images: readonly LibraryImage[];
  readonly groups: readonly ContentItem[];
  readonly evaluations: readonly ContentItem[];
}): ContentItem {
  return container(
    'CONTAINS',
    DCM.imagingMeasurementReport,
    [
      tid1204Language(),
      ...tid1004DeviceObserver(parts.observer),
      code('HAS CONCEPT MOD', DCM.procedureReported, SCT.imagingProcedure),
      tid1600ImageLibrary(parts.images),
      ...(parts.groups.length === 0 ? [] : [container('CONTAINS', DCM.imagingMeasurements, parts.groups)]),
      container('CONTAINS', UMLS.qualitativeEvaluations, parts.evaluations),
    ],
    '1500',
  );
}

/** TID 1204 Language of Content Item and Descendants. */
function tid1204Language(): ContentItem {
  return code('HAS CONCEPT MOD', DCM.language, ENGLISH);
}

/** TID 1002 Observer Context with TID 1004 Device Observer: a machine, not a person, says all of this. */
function tid1004DeviceObserver(observer: DeviceObserver): readonly ContentItem[] {
  return [
    code('HAS OBS CONTEXT', DCM.observerType, DCM.device),
    uidref('HAS OBS CONTEXT', DCM.deviceObserverUid, observer.uid),
    text('HAS OBS CONTEXT', DCM.deviceObserverName, observer.name),
    text('HAS OBS CONTEXT', DCM.deviceObserverManufacturer, observer.manufacturer),
    text('HAS OBS CONTEXT', DCM.deviceObserverModelName, observer.modelName),
    text('HAS OBS CONTEXT', DCM.deviceObserverSerialNumber, observer.serialNumber),
  ];
}

/** TID 1600 Image Library: one group per modality, since the group states it (TID 1602). OHIF needs it to be there. */
function tid1600ImageLibrary(images: readonly LibraryImage[]): ContentItem {
  const groups = Map.groupBy(images, (reference) => reference.modality);
  return container(
    'CONTAINS',
    DCM.imageLibrary,
    [...groups].map(([modality, members]) =>
      container('CONTAINS', DCM.imageLibraryGroup, [
        code('HAS ACQ CONTEXT', DCM.modality, modalityConcept(modality)),
        ...members.map((member) => image('CONTAINS', member)),
      ]),
    ),
  );
}

/** TID 1410 Planar ROI Measurements and Qualitative Evaluations: a finding with a place. */
export function tid1410PlanarRoi(
  measured: MeasuredFinding,
  region: readonly (readonly [number, number])[],
  of: ImageReference,
  visualExplanation?: ImageReference,
): ContentItem {
  return container(
    'CONTAINS',
    DCM.measurementGroup,
    [
      ...groupHead(measured),
      polygon('CONTAINS', DCM.imageRegion, region, of),
      ...(visualExplanation === undefined ? [] : [image('CONTAINS', visualExplanation, DCM.visualExplanation)]),
      ...tid1419Measurements(measured.measurements),
    ],
    '1410',
  );
}

/** TID 1501 Measurement and Qualitative Evaluation Group: a finding of the whole image, for want of a place. */
export function tid1501WholeImage(measured: MeasuredFinding, of: ImageReference, visualExplanation?: ImageReference): ContentItem {
  return container(
    'CONTAINS',
    DCM.measurementGroup,
    [
      ...groupHead(measured),
      image('CONTAINS', of, DCM.sourceOfMeasurement),
      ...(visualExplanation === undefined ? [] : [image('CONTAINS', visualExplanation, DCM.visualExplanation)]),
      ...tid1419Measurements(measured.measurements),
    ],
    '1501',
  );
}

/** TID 4019 Algorithm Identification. */
export function tid4019AlgorithmIdentification(algorithm: AlgorithmIdentification): readonly ContentItem[] {
  return [
    text('HAS CONCEPT MOD', DCM.algorithmName, algorithm.name),
    text('HAS CONCEPT MOD', DCM.algorithmVersion, algorithm.version),
    ...algorithm.parameters.map((parameter) => text('HAS CONCEPT MOD', DCM.algorithmParameters, parameter)),
  ];
}

/** Rows shared by TID 1410 and 1501; the Tracking Unique Identifier must be the group's first UIDREF (OHIF takes it). */
function groupHead(measured: MeasuredFinding): readonly ContentItem[] {
  return [
    text('HAS OBS CONTEXT', DCM.trackingIdentifier, measured.trackingIdentifier),
    uidref('HAS OBS CONTEXT', DCM.trackingUniqueIdentifier, measured.trackingUid),
    code('CONTAINS', DCM.finding, measured.finding),
    ...tid4019AlgorithmIdentification(measured.algorithm),
    code('HAS CONCEPT MOD', SCT.findingSite, measured.findingSite),
  ];
}

/** TID 1419 ROI Measurements, without statistics. */
function tid1419Measurements(measurements: readonly Measurement[]): readonly ContentItem[] {
  return measurements.map(({ name, value, unit, method }) =>
    num('CONTAINS', name, value, unit, method === undefined ? [] : [code('HAS CONCEPT MOD', SCT.measurementMethod, method)]),
  );
}

/** CID 29 Acquisition Modality, as far as radiographs and their look-alikes go; what is not in it is Other. */
const MODALITIES: { readonly [modality: string]: string } = {
  CR: 'Computed Radiography',
  DX: 'Digital Radiography',
  RF: 'Radiofluoroscopy',
  XA: 'X-Ray Angiography',
  MG: 'Mammography',
  CT: 'Computed Tomography',
  MR: 'Magnetic Resonance',
  US: 'Ultrasound',
};

function modalityConcept(modality: string): CodedConcept {
  const meaning = MODALITIES[modality];
  return meaning === undefined ? concept('OT', 'DCM', 'Other Modality') : concept(modality, 'DCM', meaning);
}
