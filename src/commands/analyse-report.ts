/** Reports of `firstread analyse --sr DIR`: the same structured reports that the hub writes, of one image, without a hub. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readPatientStudyModule } from '../dicom/patient-study-module.ts';
import { readPart10 } from '../dicom/part10.ts';
import { createHash } from 'node:crypto';
import type { SiteModels } from '../hub/site-models.ts';
import type { FileAnswer } from '../inference/analyse-file.ts';
import { buildChestReport } from '../report/chest-report.ts';
import type { Statement } from '../report/report-facts.ts';
import { scoreAndThreshold } from '../study/assessment.ts';
import type { FindingFamily } from '../study/types.ts';
import { FIRSTREAD_VERSION } from '../version.ts';

/** Resolves with the paths written; empty where the file is no DICOM object of a study. */
export async function writeFileReports(folder: string, file: string, answer: FileAnswer, models: SiteModels): Promise<readonly string[]> {
  const { header, outcome } = answer;
  if (header === undefined || header.studyInstanceUid === '' || header.seriesInstanceUid === undefined) return [];
  const bytes = await readFile(file);
  const { dataSet, dataSetOffset } = readPart10(bytes);
  const analysedAtMs = Date.now();
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const { family, models: references } of models.families) {
    const statement = statementOf(answer, family);
    const report = buildChestReport({
      family,
      sopClass: 'comprehensive-3d',
      studyInstanceUid: header.studyInstanceUid,
      revision: 1,
      patientAndStudy: readPatientStudyModule(dataSet),
      images: [{
        sopClassUid: header.sopClassUid,
        sopInstanceUid: header.sopInstanceUid,
        seriesInstanceUid: header.seriesInstanceUid,
        contentSha256: createHash('sha256').update(bytes.subarray(dataSetOffset)).digest('hex'),
        modality: header.modality ?? 'OT',
        ...('image' in outcome && outcome.image !== undefined ? outcome.image : {}),
      }],
      statement,
      findingPriority: 'urgent',
      rationale: statement.kind === 'scored' ? `${family} ${scoreAndThreshold(statement.finding)}` : statement.reason.text,
      models: references,
      configurationSha256: models.configurationSha256,
      device: { manufacturer: 'Firstread', serialNumber: 'ONE-SHOT', softwareVersion: FIRSTREAD_VERSION },
      analysedAtMs,
      utcOffsetMinutes: -new Date(analysedAtMs).getTimezoneOffset(),
    });
    const path = join(folder, `${basename(file).replace(/\.dcm$/i, '')}-${family.replace(' ', '-')}-sr.dcm`);
    await writeFile(path, report.bytes);
    written.push(path);
  }
  return written;
}

function statementOf({ outcome, header }: FileAnswer, family: FindingFamily): Statement {
  if (outcome.kind === 'scored') {
    const finding = outcome.findings.find((each) => each.family === family && each.shadow !== true);
    if (finding !== undefined) return { kind: 'scored', finding: { ...finding, sopInstanceUid: header?.sopInstanceUid ?? '' }, decodePath: outcome.decodePath };
    const missing = outcome.notAssessed.find((each) => each.family === family);
    return { kind: 'not-analysed', reason: missing?.reason ?? { code: 'not-assessed', text: 'not assessed' } };
  }
  return { kind: 'not-analysed', reason: outcome.kind === 'compared' ? { code: 'not-assessed', text: 'not assessed' } : outcome.reason };
}
