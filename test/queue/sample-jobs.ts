import { createHash } from 'node:crypto';
import type { AnalysisJob } from '../../src/queue/job-queue.ts';
import type { AnalysisOutcome } from '../../src/study/types.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

export function sampleJob(name: string | number, overrides: Partial<AnalysisJob> = {}): AnalysisJob {
  const contentSha256 = hash(`content ${name}`);
  return {
    jobId: hash(`job ${name}`),
    studyInstanceUid: `1.2.${name}`,
    sopInstanceUid: `1.2.${name}.1`,
    contentSha256,
    fileKey: hash(`file ${name}`),
    header: {
      sopInstanceUid: `1.2.${name}.1`,
      sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      studyInstanceUid: `1.2.${name}`,
      patientName: 'NGUYỄN^VĂN ĐỨC',
      modality: 'DX',
      hasPixelData: true,
      characterSetGuessed: false,
    },
    rank: 10,
    enqueuedAtMs: 1_000_000 + (typeof name === 'number' ? name : 0),
    ...overrides,
  };
}

export function sampleOutcome(text = 'lateral view'): AnalysisOutcome {
  return { kind: 'ineligible', reason: { code: 'view-not-frontal', text }, models: [] };
}
