/** The table of truth joined with scores: from the site's registry, or from a folder of films that is read now. */
import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { FirstreadError } from '../../errors.ts';
import type { DataFolder } from '../../hub/data-folder.ts';
import type { ModelFolder } from '../../inference/model-folder.ts';
import type { ModelSet } from '../../inference/model-set.ts';
import type { FindingPage, RecordedFailure, RecordedFinding } from '../../registry/finding-query.ts';
import { openRegistry } from '../../registry/registry.ts';
import type { Registry } from '../../registry/registry.ts';
import type { CommandIo } from '../command.ts';
import { readCsvFile } from '../csv-table.ts';
import { isTrace } from '../label-words.ts';
import { readLabels } from '../labels-table.ts';
import type { LabelRow } from '../labels-table.ts';
import type { CalibrateOptions } from './options.ts';
import { matchRecorded, siteWorkload } from './registry-films.ts';
import type { TruthMatching } from './registry-films.ts';

export interface Truth extends TruthMatching {
  /** Rows with a usable truth. */
  readonly rowCount: number;
  /** All of them. */
  readonly tableRowCount: number;
  /** Of all studies of the site; absent for a folder. */
  readonly workload?: { readonly scores: readonly number[]; readonly studiesPerDay: number };
  /** For messages. */
  readonly where: string;
  readonly remarks: readonly string[];
}

export interface TruthParts {
  readonly options: CalibrateOptions;
  readonly config: Config;
  readonly folder: DataFolder;
  readonly set: ModelSet;
  readonly model: ModelFolder;
}

export async function gatherTruth({ options, config, folder, set, model }: TruthParts, io: CommandIo): Promise<Truth> {
  const { family, films, words, trace, truthFile } = options;
  const table = readLabels(await readCsvFile(truthFile), { family, ...words, patientIsEnough: films === undefined });
  const tableRowCount = table.rows.length + table.leftOut.length;
  const { rows, traceCount } = judgeTraces(table.rows, trace);
  const traceRemark = traceCount === 0 ? [] : [`${traceCount} rows say "trace"; counted as ${trace === 'leave-out' ? 'neither, and left out' : trace} (--trace).`];
  if (films !== undefined) {
    // Only where films are read: loading onnxruntime takes longer than all the rest.
    const { scoreFolder } = await import('./folder-films.ts');
    const matching = await scoreFolder({ rows, folder: films, family, set, model, config, ...(options.scores === undefined ? {} : { scores: options.scores }) }, io);
    const workloadRemark = options.wish.kind === 'sensitivity' ? [] : ['A workload told by these films holds where as many of all films are of cases.'];
    return { ...matching, leftOut: [...table.leftOut, ...matching.leftOut], rowCount: rows.length, tableRowCount, where: films, remarks: [...traceRemark, ...workloadRemark] };
  }
  if (!existsSync(folder.registry)) throw new FirstreadError('config-invalid', `there is no registry in ${folder.root}: name the hub's data folder with --data, or a folder of films with --films`);
  const registry = openRegistry(folder.registry, { readOnly: true });
  try {
    const findings = readRecorded(registry).findings.filter((finding) => finding.family === family);
    const { sha256, fp16 } = model.manifest;
    const shas = new Set([sha256, ...(fp16 === undefined ? [] : [fp16.sha256])]);
    const matching = matchRecorded(rows, findings, shas, registry.isKnown);
    const workload = siteWorkload(findings, shas);
    return { ...matching, leftOut: [...table.leftOut, ...matching.leftOut], rowCount: rows.length, tableRowCount, workload, where: `the registry of ${folder.root}`, remarks: [...traceRemark, ...untestedRemark(matching.films.length, workload.scores.length)] };
  } finally {
    registry.close();
  }
}

/** Fewer than so many of a site's studies have a truth: who was tested was probably chosen. */
const TESTED_SHARE_MIN = 0.8;

function untestedRemark(testedCount: number, studyCount: number): readonly string[] {
  if (testedCount >= studyCount * TESTED_SHARE_MIN) return [];
  return [`${testedCount} of the ${studyCount} studies here have a truth. Sensitivity and specificity are those among them: where tests were asked for because a\nfilm looked suspicious (or was flagged), the sensitivity of the waiting room is lower than this, and its specificity higher.`];
}

/** Pages: a hub beside us is not to wait for one long read. */
const PAGE = 500;

export function readRecorded(registry: Pick<Registry, 'findingsAfter'>): Omit<FindingPage, 'cursor'> {
  const findings: RecordedFinding[] = [];
  const failures: RecordedFailure[] = [];
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const page: FindingPage = registry.findingsAfter(cursor, PAGE);
    findings.push(...page.findings);
    failures.push(...page.failures);
    cursor = page.cursor;
  }
  return { findings, failures };
}

function judgeTraces(rows: readonly LabelRow[], trace: CalibrateOptions['trace']): { readonly rows: readonly LabelRow[]; readonly traceCount: number } {
  const traces = rows.filter(({ label, positive }) => positive && isTrace(label));
  if (trace === 'positive' || traces.length === 0) return { rows, traceCount: traces.length };
  const judged = trace === 'leave-out' ? rows.filter((row) => !traces.includes(row)) : rows.map((row) => (traces.includes(row) ? { ...row, positive: false } : row));
  return { rows: judged, traceCount: traces.length };
}
