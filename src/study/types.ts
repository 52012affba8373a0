/**
 * The words of Firstread, as types. Everything that crosses a room's door is one of these.
 * Pure data: no methods, JSON-safe, readonly. Times are epoch milliseconds (`…AtMs`), coordinates are pixels
 * of the stored image (x to the right, y down, 0,0 is the outer corner of the first pixel).
 */
import type { Wording } from './wording.ts';

/** What the models look for. One structured report is written per family. */
export type FindingFamily = 'tuberculosis' | 'lung nodule';

/** `receiving → analysing → assessed → reported → delivered`; beside them `ineligible` and `attention`. */
export type StudyState = 'receiving' | 'analysing' | 'assessed' | 'reported' | 'delivered' | 'ineligible' | 'attention';

/** Reading priority. `undetermined` (still analysing, or attention) sorts as urgent, never last. */
export type Priority = 'critical' | 'urgent' | 'routine' | 'undetermined';

/** A machine code (see study/reasons.ts) and the one line a reader sees. Never patient data, never "normal". */
export interface CodedReason {
  readonly code: string;
  readonly text: string;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** 0–100, the same scale as a finding's score. */
  readonly score: number;
}

/** A closed polygon: [[x, y], …], the first point not repeated. */
export type Polygon = readonly (readonly [number, number])[];

/** Which network said so. `sha256` is that of the .onnx file. */
export interface ModelReference {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** A small picture of where the score comes from; cell (0,0) covers the corner of `area` (image pixels). */
export interface Heatmap {
  readonly columns: number;
  readonly rows: number;
  readonly area: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** rows × columns bytes, row by row, base64; 0–255 stands for 0–1. */
  readonly cellsBase64: string;
}

/** One label's answer on one image: label, score, threshold, flag. */
export interface Finding {
  readonly family: FindingFamily;
  readonly label: FindingFamily;
  /** 0–100, calibrated by the manifest. */
  readonly score: number;
  /** 0–100; the finding is flagged when score >= threshold. */
  readonly threshold: number;
  readonly flagged: boolean;
  /** Candidates, best first, at most 50, those below the threshold included. Empty for heatmap models. */
  readonly boxes: readonly Box[];
  /** Contours of the hot area, or of the flagged boxes. May be empty when nothing is hot. */
  readonly region: readonly Polygon[];
  readonly heatmap?: Heatmap;
  /** Long axis of the best box in mm; only where spacing is known. `atDetector` when from ImagerPixelSpacing. */
  readonly longAxisMm?: number;
  readonly longAxisAtDetector?: boolean;
  readonly model: ModelReference;
  /** Where the threshold comes from, when it is the site's own (site-threshold.ts); absent: the model's manifest. */
  readonly siteThreshold?: { readonly id: string; readonly origin: Wording; readonly group?: Wording };
  /** Scored and recorded but never shown: a model under comparison. */
  readonly shadow?: boolean;
}

/** A model that was not asked, and why (e.g. tuberculosis under 15 years of age). */
export interface NotAssessed {
  readonly family: FindingFamily;
  readonly reason: CodedReason;
}

/** A model in shadow that gave no answer; for `firstread models compare`, never for a reader. */
export interface ShadowFailure {
  readonly model: ModelReference;
  readonly code: string;
}

export interface StageTimings {
  readonly fetchMs: number;
  readonly decodeMs: number;
  readonly preprocessMs: number;
  readonly inferenceMs: number;
  readonly totalMs: number;
}

/** What a worker says about one image. The only thing that travels back. */
export type AnalysisOutcome =
  | {
      readonly kind: 'scored';
      readonly findings: readonly Finding[];
      readonly notAssessed: readonly NotAssessed[];
      /** Remarks a reader may want, e.g. the header says HAND but the picture is a chest. */
      readonly remarks: readonly CodedReason[];
      readonly models: readonly ModelReference[];
      readonly shadowFailures?: readonly ShadowFailure[];
      readonly image: { readonly rows: number; readonly columns: number };
      /** How pixels were obtained, e.g. "1.2.840.10008.1.2.4.90 full"; goes into the report. */
      readonly decodePath: string;
      readonly timings: StageTimings;
    }
  | {
      /** By rule there is nothing here that the models may read. */
      readonly kind: 'ineligible';
      readonly reason: CodedReason;
      readonly models: readonly ModelReference[];
      readonly image?: { readonly rows: number; readonly columns: number };
      readonly timings?: StageTimings;
    }
  | {
      /** The same SOP Instance UID came with other bytes: are the decoded pixels equal (a re-encoding)? */
      readonly kind: 'compared';
      readonly samePixels: boolean;
      readonly detail: string;
      readonly models: readonly ModelReference[];
      readonly timings?: StageTimings;
    }
  | {
      /** It should have been read and could not be: a human must look. */
      readonly kind: 'unreadable';
      readonly reason: CodedReason;
      readonly models: readonly ModelReference[];
      readonly timings?: StageTimings;
    };

/**
 * Header facts of one stored instance, taken at intake: what the registry keeps and eligibility is judged by.
 * Strings are decoded to NFC Unicode and trimmed; absent and empty are both undefined.
 */
export interface InstanceHeader {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly studyInstanceUid: string;
  /** The sender left Study Instance UID out: the one above is ours, one for each such instance. */
  readonly studyUidSynthesised?: true;
  readonly seriesInstanceUid?: string;
  readonly patientId?: string;
  readonly issuerOfPatientId?: string;
  readonly patientName?: string;
  readonly patientBirthDate?: string;
  readonly patientSex?: string;
  /** Years; from PatientAge, else from birth date and study date. */
  readonly patientAgeYears?: number;
  readonly accessionNumber?: string;
  readonly studyDate?: string;
  readonly studyTime?: string;
  readonly studyDescription?: string;
  readonly seriesDescription?: string;
  readonly referringPhysicianName?: string;
  readonly studyId?: string;
  readonly seriesNumber?: number;
  readonly instanceNumber?: number;
  readonly modality?: string;
  readonly bodyPartExamined?: string;
  readonly viewPosition?: string;
  readonly patientOrientation?: string;
  readonly imageType?: readonly string[];
  readonly presentationIntentType?: string;
  readonly photometricInterpretation?: string;
  readonly rows?: number;
  readonly columns?: number;
  readonly samplesPerPixel?: number;
  readonly numberOfFrames?: number;
  readonly bitsAllocated?: number;
  readonly bitsStored?: number;
  /** mm per pixel [row spacing, column spacing]; `imagerPixelSpacing` is measured at the detector. */
  readonly pixelSpacing?: readonly [number, number];
  readonly imagerPixelSpacing?: readonly [number, number];
  readonly manufacturer?: string;
  readonly manufacturerModelName?: string;
  readonly stationName?: string;
  readonly institutionName?: string;
  readonly institutionalDepartmentName?: string;
  readonly requestedProcedurePriority?: string;
  /** Where the patient lies, and who asked for the film: the ward, where the device was told. */
  readonly currentPatientLocation?: string;
  readonly requestingService?: string;
  readonly patientSpeciesDescription?: string;
  /** Of structured reports (PS3.3 C.17.2): COMPLETE, VERIFIED, FINAL. */
  readonly completionFlag?: string;
  readonly verificationFlag?: string;
  readonly preliminaryFlag?: string;
  readonly hasPixelData: boolean;
  /** True where the character set was absent or wrong and had to be recognised. */
  readonly characterSetGuessed: boolean;
}

/** Where the instance came from. */
export interface InstanceOrigin {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
  readonly receivedAtMs: number;
}

/** How one image stands. `superseded` never occurs: images are added, never removed. */
export type InstanceStatus = 'pending' | 'scored' | 'ineligible' | 'unreadable' | 'conflict' | 'variant';

export interface StudyInstance {
  readonly sopInstanceUid: string;
  readonly contentSha256: string;
  readonly status: InstanceStatus;
  readonly reason?: CodedReason;
  readonly findings: readonly Finding[];
  readonly notAssessed: readonly NotAssessed[];
  readonly receivedAtMs: number;
  /** False for objects without a picture (SR, presentation state). Absent means true. */
  readonly hasPixels?: boolean;
  /** Pending with this set: the question is "the same picture as those bytes?", not "analyse". */
  readonly compareWithSha256?: string;
  /** The rest of a scored outcome, kept for the report and the page. */
  readonly remarks?: readonly CodedReason[];
  readonly models?: readonly ModelReference[];
  readonly shadowFailures?: readonly ShadowFailure[];
  readonly image?: { readonly rows: number; readonly columns: number };
  readonly decodePath?: string;
  readonly timings?: StageTimings;
}

/** All findings of a study: the highest ever seen per family. A flag never silently falls. */
export interface Assessment {
  readonly findings: readonly (Finding & { readonly sopInstanceUid: string })[];
  readonly notAssessed: readonly NotAssessed[];
  /** Families with an answer, of which another image has none because the model was switched off. Absent: none. */
  readonly partlyNotAssessed?: readonly NotAssessed[];
}

/** What raises a study besides the models. */
export interface OrderContext {
  readonly stat: boolean;
  /** Who said STAT: an AE title rule, an attribute, or a person. */
  readonly statSource?: string;
  /** A person decided: what later images carry does not change it. */
  readonly statByPerson?: boolean;
  readonly inpatient: boolean;
  readonly patientAgeYears?: number;
}

/** The study as the pure heart knows it. */
export interface Study {
  readonly studyInstanceUid: string;
  readonly state: StudyState;
  /** Counts up with every new image: reports are keyed by it. */
  readonly revision: number;
  readonly receivedAtMs: number;
  readonly updatedAtMs: number;
  readonly priority: Priority;
  readonly reason: CodedReason;
  readonly order: OrderContext;
  readonly assessment: Assessment;
  readonly instances: readonly StudyInstance[];
  /** A conflict or failure a human has to look at; set only, until acknowledged. */
  readonly attention?: CodedReason;
  readonly attentionAtMs?: number;
  readonly acknowledgedAtMs?: number;
  readonly acknowledgedBy?: string;
  /** Revision of the newest reports that exist; kept beside the state, so that `attention` can be reported too. */
  readonly reportedRevision?: number;
  /** How many deliveries the newest reports need; 0 = no destination wants them, so there is nothing to wait for. */
  readonly deliveryCount?: number;
  readonly deliveredRevision?: number;
  /** Off the list: read here or elsewhere, or closed by hand. A new image clears these. */
  readonly readAtMs?: number;
  readonly readBy?: string;
  readonly readWhere?: ReadWhere;
  readonly closedAtMs?: number;
  readonly closedBy?: string;
  readonly closedReason?: string;
  /** Back on the list after it was read or closed, and why; waiting counts from then. */
  readonly reopenedAtMs?: number;
  readonly reopenedReason?: CodedReason;
}

/** How we know that a study was read: a click here, a final report seen elsewhere, or a site's rule. */
export type ReadWhere = 'here' | 'final-report' | 'rule';

/** What ranking and the list need of a study: all but its images. */
export type StudyHead = Omit<Study, 'instances'>;
