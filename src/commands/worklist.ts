/** `firstread worklist`: the ranked list, beside a running hub or without one. */
import { FirstreadError } from '../errors.ts';
import type { Notice } from '../api/operations-port.ts';
import { readNotices } from '../hub/model-switches.ts';
import { waitingCaps } from '../hub/waiting-caps.ts';
import { openRegistry } from '../registry/registry.ts';
import type { WorklistRow } from '../study/worklist-row.ts';
import { formatTable, parseCommand, printable } from './command.ts';
import type { CommandIo } from './command.ts';
import { siteFolder } from './site-folder.ts';

export const help = `usage: firstread worklist [--data DIR] [--json] [--all] [--limit N] [--search TEXT]

Prints the worklist, most pressing first. Reads the registry; works beside a running hub and without one.

  --json          an array of {rank, studyInstanceUid, accessionNumber, patientId, patientName, state, priority,
                  reason: {code, text}, receivedAt, findings, …}
  --all           studies that were read or closed too, after the others
  --limit N       at most N studies (default: all with --json, 50 otherwise)
  --search TEXT   patient name, patient ID or accession number; accents do not matter
`;

const LIMIT_MAX = 1_000_000;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, loaded } = parseCommand(argv, {
    json: { type: 'boolean' },
    all: { type: 'boolean' },
    limit: { type: 'string' },
    search: { type: 'string' },
  });
  const { config } = loaded;
  const limit = Number(values.limit ?? (values.json ? LIMIT_MAX : 50));
  if (!Number.isInteger(limit) || limit < 1) throw new FirstreadError('usage', '--limit is a number from 1');
  const registry = openRegistry(siteFolder(loaded).registry, { readOnly: true });
  try {
    const page = registry.worklist({
      nowMs: Date.now(),
      caps: waitingCaps(config),
      limit: Math.min(limit, LIMIT_MAX),
      scope: values.all === true ? 'all' : 'unread',
      ...(values.search === undefined ? {} : { filter: { search: values.search } }),
    });
    // Not part of what a script reads, and yet to be known.
    for (const notice of readNotices(registry)) (values.json ? io.stderr : io.stdout).write(`${describeNotice(notice)}\n`);
    if (values.json) io.stdout.write(`${JSON.stringify(page.rows, null, 2)}\n`);
    else io.stdout.write(page.rows.length === 0 ? 'The worklist is empty.\n' : worklistTable(page.rows, io.stdout.columns ?? PIPE_COLUMNS, io.stdout.isTTY === true));
    if (!values.json && page.matchingCount > page.rows.length) io.stdout.write(`… and ${page.matchingCount - page.rows.length} more (--limit)\n`);
    return 0;
  } finally {
    registry.close();
  }
}

/** As the page says it (strings/operations-en.js; a test holds them together). */
export function describeNotice({ family, atMs, by, reason }: Notice): string {
  const since = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
  return printable(`${family.charAt(0).toUpperCase()}${family.slice(1)} analysis is switched off since ${since} UTC by ${by}: ${reason}. New studies are not raised for it; flags given before stay.`);
}

const SIGNS: Readonly<Record<string, string>> = { critical: '‼', urgent: '!', undetermined: '?', routine: ' ' };
const COLOURS: Readonly<Record<string, string>> = { critical: '\x1b[1;31m', urgent: '\x1b[33m', undetermined: '\x1b[36m', routine: '' };

/** Where nobody says how wide it is, nothing is cut that a reader needs. */
export const PIPE_COLUMNS = 200;

/** Below this many columns the reason gets a line of its own: cut short it says nothing. */
const ONE_LINE_COLUMNS_MIN = 130;

export function worklistTable(rows: readonly WorklistRow[], columns: number, colour: boolean): string {
  if (columns < ONE_LINE_COLUMNS_MIN) return stackedList(rows, columns, colour);
  const reasonWidth = Math.max(44, columns - 86);
  const table = formatTable(
    ['#', '', 'priority', 'why', 'waiting', 'patient', 'ID', 'accession', 'state'],
    rows.map((row) => [
      row.rank === null ? '–' : String(row.rank),
      SIGNS[row.priority] ?? '',
      row.priority,
      row.reason.text,
      waiting(row),
      row.patientName.replaceAll('^', ' ').trim(),
      row.patientId,
      row.accessionNumber,
      row.state,
    ]),
    [5, 1, 12, reasonWidth, 14, 22, 12, 12, 10],
  );
  if (!colour) return table;
  const [header = '', rule = '', ...lines] = table.trimEnd().split('\n');
  return `${[header, rule, ...lines.map((line, k) => `${COLOURS[rows[k]?.priority ?? ''] ?? ''}${line}\x1b[0m`)].join('\n')}\n`;
}

function stackedList(rows: readonly WorklistRow[], columns: number, colour: boolean): string {
  const lines = rows.flatMap((row) => {
    const patient = printable(`${row.patientName.replaceAll('^', ' ').trim() || 'no name'}  ${row.patientId}`);
    const head = `${(row.rank === null ? '–' : String(row.rank)).padStart(4)} ${(SIGNS[row.priority] ?? '').padEnd(1)} ${row.priority.padEnd(12)}  ${waiting(row).padEnd(12)}  ${patient}`;
    const lit = colour ? COLOURS[row.priority] ?? '' : '';
    return [`${lit}${head.slice(0, columns)}${lit === '' ? '' : '\x1b[0m'}`, ...wrap(printable(row.reason.text), columns - 7).map((line) => `       ${line}`)];
  });
  return `${lines.join('\n')}\n`;
}

/** At spaces; a word longer than a line stays whole. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function waiting({ waitingMs, overdue }: WorklistRow): string {
  const minutes = Math.floor(waitingMs / 60_000);
  const text = minutes < 60 ? `${minutes} min` : minutes < 60 * 48 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 60 / 24)} days`;
  return overdue ? `${text} late` : text;
}
