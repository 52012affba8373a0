/** "Open in my viewer" (PURE): the site's template (setting `viewerUrl`) with a study's identifiers in it. */

export interface ViewerLinkFacts {
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  readonly patientId: string;
}

/** Null where there is no template, or where it needs what the study does not have: a half-filled link opens the wrong thing. */
export function viewerLink(template: string | undefined, facts: ViewerLinkFacts): string | null {
  if (template === undefined || template === '') return null;
  const values: Readonly<Record<string, string>> = { StudyInstanceUID: facts.studyInstanceUid, AccessionNumber: facts.accessionNumber, PatientID: facts.patientId };
  let complete = true;
  const link = template.replace(/\{(\w+)\}/g, (_place, name: string) => {
    const value = values[name] ?? '';
    complete &&= value !== '';
    return encodeURIComponent(value);
  });
  return complete ? link : null;
}
