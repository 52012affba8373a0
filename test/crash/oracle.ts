/**
 * Nothing lost, nothing twice: the instances answered 0000H ⊆ registry ⊆ spool, byte for byte; every study has ended;
 * one report for each (study revision, finding family).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPart10 } from '../../src/dicom/part10.ts';
import { dataFolder } from '../../src/hub/data-folder.ts';
import { relativePathOf } from '../../src/intake/file-key.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import type { SentObject } from './load.ts';

export interface Verdict {
  readonly lost: readonly string[];
  readonly notInSpool: readonly string[];
  readonly unsettled: readonly string[];
  readonly duplicateReports: readonly string[];
  readonly studyCount: number;
  readonly reportCount: number;
}

const TERMINAL = new Set(['reported', 'delivered', 'ineligible', 'attention']);

export function judgeData(data: string, acknowledged: Iterable<SentObject>): Verdict {
  const folder = dataFolder(data);
  const registry = openRegistry(folder.registry, { readOnly: true });
  try {
    const lost: string[] = [];
    const notInSpool: string[] = [];
    for (const { sopInstanceUid, contentSha256 } of acknowledged) {
      const row = registry.instance(sopInstanceUid, contentSha256);
      if (row === undefined) lost.push(sopInstanceUid);
      else if (hashOf(join(folder.spool, 'instances', relativePathOf(row.fileKey))) !== contentSha256) notInSpool.push(sopInstanceUid);
    }
    const rows = registry.worklist({ nowMs: Date.now(), limit: 1_000_000, scope: 'all' }).rows;
    const duplicateReports: string[] = [];
    let reportCount = 0;
    for (const { studyInstanceUid } of rows) {
      const keys = registry.reportsOf(studyInstanceUid).map(({ revision, family, kind }) => `${studyInstanceUid} ${revision} ${family} ${kind}`);
      reportCount += keys.length;
      duplicateReports.push(...keys.filter((key, at) => keys.indexOf(key) !== at));
    }
    return {
      lost,
      notInSpool,
      unsettled: rows.filter(({ state }) => !TERMINAL.has(state)).map(({ studyInstanceUid, state }) => `${studyInstanceUid} ${state}`),
      duplicateReports,
      studyCount: rows.length,
      reportCount,
    };
  } finally {
    registry.close();
  }
}

function hashOf(path: string): string | undefined {
  try {
    const file = readFileSync(path);
    return createHash('sha256').update(file.subarray(readPart10(file).dataSetOffset)).digest('hex');
  } catch {
    return undefined;
  }
}
