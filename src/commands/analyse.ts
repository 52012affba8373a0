/**
 * `firstread analyse`: reads files at once, without a server. One answer per file, in the order named, as a table for
 * people or as JSON lines for programs. A file that cannot be read is named and does not keep the others from an answer.
 */
import { readFile, stat } from 'node:fs/promises';
import { FirstreadError } from '../errors.ts';
import { describeSiteModels, siteModelFolders } from '../hub/site-models.ts';
import { inForce, readSiteThresholds } from '../hub/site-thresholds.ts';
import { analyseFile } from '../inference/analyse-file.ts';
import type { FileAnswer, FileTools } from '../inference/analyse-file.ts';
import { createBatchRunner } from '../inference/batch-runner.ts';
import { createDecodePool } from '../inference/decode-pool.ts';
import { INSTANCE_BYTES_MAX } from '../inference/file-source.ts';
import { openEngineHere } from '../inference/model-engine.ts';
import { parseProvider } from '../inference/provider.ts';
import { reasonOf } from '../study/reasons.ts';
import type { CodedReason, Finding, FindingFamily } from '../study/types.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { writeFileReports } from './analyse-report.ts';
import { findFiles } from './find-files.ts';
import { folderIfNamed } from './site-folder.ts';

export const help = `usage: firstread analyse [--json] [--sr DIR] [--models DIR] [--provider cpu|cuda:N] FILE…

Reads chest films and prints what the models say. No server is needed and nothing is kept. FILE is a DICOM file, a PNG
or JPEG (view and spacing are then unknown), or a folder of them. It prioritises; it does not diagnose.

  --json          one JSON object per line and file; boxes and regions in pixels of that file's image
  --sr DIR        writes the structured reports of DICOM files there, one for each finding family
  --models DIR    folder of models (default: the setting models, or the models that come with Firstread)
  --provider P    where models run (default: the setting provider)

Exit code 0 when every file got an answer ("not a chest film" is one), 2 when a file could not be read.
`;

/** Files in work at once: decoding goes on while the models run, and batches form. */
const FILES_AT_ONCE = 6;

interface FileLine {
  readonly file: string;
  readonly answer: FileAnswer | { readonly error: CodedReason };
}

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { json: { type: 'boolean' }, sr: { type: 'string' } }, Number.MAX_SAFE_INTEGER);
  if (positionals.length === 0) throw new FirstreadError('usage', 'name at least one file');
  const { config } = loaded;
  const site = folderIfNamed(loaded);
  const files = findFilesOrNames(positionals);
  if (files.length === 0) throw new FirstreadError('usage', `there are no files in ${positionals.join(', ')}`);
  const { folders, set } = await siteModelFolders(config.models, config.data);
  const siteModels = describeSiteModels(folders, set);
  const engine = await openEngineHere(set, { provider: parseProvider(config.provider), intraOpThreads: config.inferenceThreads, batchMax: Math.min(config.batchMax, FILES_AT_ONCE) });
  const pool = createDecodePool({ threads: config.decodeThreads, deadlineMs: config.decodeDeadlineMs });
  const tools: FileTools = {
    runner: createBatchRunner(engine),
    settings: { eligibility: { analyseSecondaryCapture: config.analyseSecondaryCapture, minSidePixels: config.imageSideMinPixels } },
    decode: async (bytes) => pool.decode(bytes),
    siteThresholds: inForce(readSiteThresholds(site.siteThresholds)),
  };
  let unread = 0;
  const write = values.json ? jsonWriter(io) : tableWriter(io);
  try {
    for await (const line of inOrder(files, async (file) => answerFile(file, tools))) {
      if ('error' in line.answer) {
        unread += 1;
        io.stderr.write(`firstread analyse: ${line.file}: ${line.answer.error.text}\n`);
      }
      write.line(line);
      if (values.sr !== undefined && !('error' in line.answer)) {
        const reports = await writeFileReports(values.sr, line.file, line.answer, siteModels);
        if (reports.length === 0) io.stderr.write(`firstread analyse: ${line.file}: no report, it is no DICOM image of a study\n`);
      }
    }
    write.end();
  } finally {
    await pool.close();
    await engine.close();
  }
  return unread > 0 ? 2 : 0;
}

/** A name that does not exist is one file that cannot be read, not a reason to read none. */
function findFilesOrNames(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    try {
      return findFiles([path]);
    } catch (error) {
      if (error instanceof FirstreadError) return [path];
      throw error;
    }
  });
}

async function answerFile(file: string, tools: FileTools): Promise<FileLine> {
  try {
    const { size } = await stat(file);
    if (size > INSTANCE_BYTES_MAX) throw new FirstreadError('pixels-over-limit', `larger than ${INSTANCE_BYTES_MAX} bytes`);
    const answer = await analyseFile(await readFile(file), tools);
    return { file, answer };
  } catch (error) {
    if (error instanceof FirstreadError && error.entry.retryable && error.code !== 'instance-missing') throw error;
    const code = error instanceof FirstreadError ? error.code : ((error as NodeJS.ErrnoException).code ?? 'unexpected');
    return { file, answer: { error: { code, text: code === 'ENOENT' ? 'there is no such file' : error instanceof Error ? error.message : 'unknown' } } };
  }
}

/** Several at once, given out in the order named. */
async function* inOrder<T>(files: readonly string[], answer: (file: string) => Promise<T>): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  for (const file of files) {
    const one = answer(file);
    // It is awaited in its turn; until then a rejection must not end the process.
    one.catch(() => undefined);
    running.push(one);
    if (running.length >= FILES_AT_ONCE) yield await (running.shift() as Promise<T>);
  }
  for (const one of running) yield await one;
}

interface LineWriter {
  line(line: FileLine): void;
  end(): void;
}

function jsonWriter(io: CommandIo): LineWriter {
  return { line: (line) => io.stdout.write(`${JSON.stringify(toJson(line))}\n`), end: () => undefined };
}

/** The interface that scripts count on. */
export function toJson({ file, answer }: FileLine): object {
  if ('error' in answer) return { file, eligible: false, reason: answer.error, findings: [], notAssessed: [], models: [], warnings: [], error: answer.error };
  const { outcome, warnings, header } = answer;
  const models = outcome.models;
  const about = { ...(header === undefined ? {} : { sopInstanceUid: header.sopInstanceUid }), ...('image' in outcome && outcome.image !== undefined ? { image: outcome.image } : {}) };
  if (outcome.kind !== 'scored') {
    const reason = outcome.kind === 'compared' ? reasonOf('answer-mismatched') : outcome.reason;
    return { file, eligible: false, reason, findings: [], notAssessed: [], ...about, models, warnings };
  }
  return {
    file,
    eligible: true,
    reason: null,
    findings: outcome.findings.filter((f) => f.shadow !== true),
    notAssessed: outcome.notAssessed,
    ...about,
    models,
    warnings: [...warnings, ...outcome.remarks],
    ...(outcome.findings.some((f) => f.shadow === true) ? { shadow: outcome.findings.filter((f) => f.shadow === true) } : {}),
    decodePath: outcome.decodePath,
    timings: outcome.timings,
  };
}

function tableWriter(io: CommandIo): LineWriter {
  const rows: string[][] = [];
  const strong = (text: string): string => (io.stdout.isTTY === true && process.env['NO_COLOR'] === undefined ? `\u001b[1;31m${text}\u001b[0m` : text);
  return {
    line({ file, answer }) {
      if ('error' in answer) rows.push([file, '', '', `not read: ${answer.error.text}`]);
      else if (answer.outcome.kind !== 'scored') rows.push([file, '', '', `not analysed: ${answer.outcome.kind === 'compared' ? '' : answer.outcome.reason.text}`]);
      else {
        const { findings, notAssessed, remarks } = answer.outcome;
        const cell = (family: FindingFamily): string => {
          const finding = findings.find((f) => f.family === family && f.shadow !== true);
          return finding === undefined ? (notAssessed.find((n) => n.family === family)?.reason.text ?? '–') : scoreCell(finding);
        };
        rows.push([file, cell('tuberculosis'), cell('lung nodule'), [...answer.warnings, ...remarks].map((r) => r.text).join('; ')]);
      }
    },
    end() {
      // Marked after the columns are laid out: escape sequences have no width.
      const table = formatTable(['file', 'tuberculosis', 'lung nodule', 'remarks'], rows, [60, 32, 32, 70]);
      io.stdout.write(table.replace(/FLAGGED/g, strong));
      io.stdout.write('Scores are 0–100 points; FLAGGED means at or above the model\'s threshold. Prioritisation only, no diagnosis.\n');
    },
  };
}

const scoreCell = (finding: Finding): string => `${finding.score.toFixed(1)}${finding.flagged ? ' FLAGGED' : ''} (from ${finding.threshold}${finding.siteThreshold === undefined ? '' : ', site'})${finding.longAxisMm === undefined ? '' : ` ${finding.longAxisMm} mm`}`;
