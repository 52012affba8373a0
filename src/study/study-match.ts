/** What studies are searched by over DICOM (PS3.4 C.2.2.2), as types: the API asks with it, the registry answers. PURE. */

/** Absent keys match everything. Patterns have * and ?; lists match any of theirs. */
export interface StudyMatch {
  readonly studyInstanceUids?: readonly string[];
  /** Studies that have such a series, or such an instance. */
  readonly seriesInstanceUids?: readonly string[];
  readonly sopInstanceUids?: readonly string[];
  /** Accents and case do not matter. */
  readonly patientName?: string;
  /** Each word anywhere in the name, instead of the name as a whole. */
  readonly patientNameByWords?: boolean;
  readonly patientId?: string;
  readonly accessionNumber?: string;
  readonly studyDescription?: string;
  readonly patientBirthDate?: TextRange;
  /** YYYYMMDD. */
  readonly studyDate?: TextRange;
  /** HHMMSS…: compared as text, as far as each end says. */
  readonly studyTime?: TextRange;
  /** Of any object of the study. */
  readonly modalities?: readonly string[];
}

/** Both ends belong to it. */
export interface TextRange {
  readonly from?: string;
  readonly to?: string;
}
