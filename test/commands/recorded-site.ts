/** A site's data folder as it is after months: a registry with scored studies, and the table of truth that belongs to it. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../src/evaluation/bootstrap.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import type { StudyEvent } from '../../src/study/events.ts';
import type { Finding, ModelReference } from '../../src/study/types.ts';
import { analysed, chestHeader, finding, NOW_MS, ORDINARY, scored } from '../study/sample-studies.ts';

export interface RecordedStudy {
  readonly accessionNumber: string;
  readonly positive: boolean;
  readonly patientId: string;
  readonly score: number;
  /** Of a second model, in shadow. */
  readonly shadowScore?: number;
  readonly patientSex: 'F' | 'M';
  readonly patientAgeYears: number;
}

/** Cases around 60, others around 30; women's cases lower. `shadowLift`: a second model that sees the cases so much better. */
export function drawStudies(seed: number, cases: number, others: number, shadowLift?: number): RecordedStudy[] {
  const random = seededRandom(seed);
  const clipped = (score: number): number => Math.round(Math.min(100, Math.max(0, score)) * 10) / 10;
  return Array.from({ length: cases + others }, (_, i): RecordedStudy => {
    const positive = i < cases;
    const patientSex = random() < 0.5 ? 'F' : 'M';
    const common = (random() + random() - 1) * 30;
    const centre = positive ? (patientSex === 'F' ? 52 : 64) : 30;
    return {
      accessionNumber: `A${String(i + 1).padStart(5, '0')}`,
      positive,
      patientId: `P${i + 1}`,
      score: clipped(centre + common + (random() - 0.5) * 20),
      ...(shadowLift === undefined ? {} : { shadowScore: clipped(centre + common + (random() - 0.5) * 20 + (positive ? shadowLift : 0)) }),
      patientSex,
      patientAgeYears: 18 + Math.floor(random() * 60),
    };
  });
}

export function temporarySite(): string {
  return mkdtempSync(join(tmpdir(), 'firstread-site-'));
}

/** Writes them into data/registry.sqlite as scored by these models. */
export function recordStudies(data: string, studies: readonly RecordedStudy[], model: ModelReference, shadow?: ModelReference): void {
  const registry = openRegistry(join(data, 'registry.sqlite'));
  try {
    registry.transact(() => studies.forEach((study, i) => recordStudy(registry, study, i, model, shadow)));
  } finally {
    registry.close();
  }
}

function recordStudy(registry: Registry, study: RecordedStudy, at: number, model: ModelReference, shadow: ModelReference | undefined): void {
  const { accessionNumber, patientId, patientSex, patientAgeYears, score, shadowScore } = study;
  const sopInstanceUid = `2.25.2${accessionNumber.slice(1)}`;
  const header = chestHeader({ sopInstanceUid, studyInstanceUid: `2.25.1${accessionNumber.slice(1)}`, accessionNumber, patientId, patientSex, patientAgeYears, patientName: `NAME^${patientId}` });
  // Forty a day.
  const nowMs = NOW_MS + Math.floor(at / 40) * 86_400_000;
  const contentSha256 = `content of ${sopInstanceUid}`;
  const origin = { callingAeTitle: 'ROOM1', calledAeTitle: 'FIRSTREAD', remoteAddress: '10.0.0.7', receivedAtMs: nowMs };
  registry.recordInstance({ header, origin, contentSha256, fileKey: `file of ${sopInstanceUid}`, byteLength: 1000 }, ORDINARY, nowMs);
  const answers: Finding[] = [{ ...finding('tuberculosis', score, 57), model }];
  if (shadow !== undefined && shadowScore !== undefined) answers.push({ ...finding('tuberculosis', shadowScore, 50), model: shadow, shadow: true });
  registry.applyStudyEvent(header.studyInstanceUid, { ...analysed(sopInstanceUid, scored(...answers)), contentSha256 } as StudyEvent, nowMs);
}

/** The table as a laboratory exports it. */
export function writeTruth(path: string, studies: readonly Pick<RecordedStudy, 'accessionNumber' | 'positive'>[]): string {
  writeFileSync(path, `Accession No;Xpert result\r\n${studies.map(({ accessionNumber, positive }) => `${accessionNumber};${positive ? 'MTB DETECTED MEDIUM' : 'MTB NOT DETECTED'}\r\n`).join('')}`);
  return path;
}
