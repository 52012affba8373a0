/** `firstread audit`: is the trail whole, and who looked at this patient. Reads the trail; never writes to it. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { dataFolder } from '../hub/data-folder.ts';
import type { AuditEntry } from '../ops/audit-chain.ts';
import { verifyAudit } from '../ops/audit.ts';
import { searchAudit } from '../ops/audit-search.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { siteFolder } from './site-folder.ts';

export const help = `usage: firstread audit verify [FOLDER] [--key-file FILE] [--data DIR]
       firstread audit show [FOLDER] --study UID | --who NAME [--since WHEN] [--until WHEN] [--json] [--data DIR]

verify  walks the whole trail: an entry that was changed, removed, added or moved is found, and where; exit code 1 then.
        FOLDER is a copy of audit/ (default: that of the data folder). The trail is keyed: the key is auditKey in
        secrets.json of the data folder, or of --key-file for a copy elsewhere. Beside a running hub it may be behind by
        a second.
show    who did what to a study, or what a person did, oldest first. Both options together: both must hold.

  --study UID      StudyInstanceUID
  --who NAME       account, or AE title of a device
  --since WHEN     a day (2026-11-21), a moment (2026-11-21T08:00+07:00), or a time back from now (90m, 24h, 7d)
  --until WHEN     likewise; up to, and not with
  --json           one entry a line, as it is in the trail
  --key-file FILE  a secrets.json
`;

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals, loaded } = parseCommand(argv, { study: text, who: text, since: text, until: text, 'key-file': text, json: { type: 'boolean' } }, 2);
  const [action, given] = positionals;
  if (action !== 'verify' && action !== 'show') throw new FirstreadError('usage', 'the first argument is verify or show');
  const named = dataFolder(loaded.config.data);
  // A copy elsewhere needs no site, only its key; and a trail that lies there is read also where the registry is lost.
  const site = given === undefined && !existsSync(named.audit) ? siteFolder(loaded) : named;
  const folder = given === undefined ? site.audit : resolve(given);
  if (!existsSync(folder)) throw new FirstreadError('usage', `there is no folder ${folder}${given === undefined ? ': the hub makes it when it first runs' : '; is it right?'}`);

  if (action === 'verify') {
    const verdict = verifyAudit(folder, auditKey(values['key-file'] ?? join(site.root, 'secrets.json')));
    if (verdict.intact && verdict.head.sequence === 0) throw new FirstreadError('usage', `there is no audit trail in ${folder}`);
    if (!verdict.intact) {
      io.stderr.write(`the audit trail in ${folder} is NOT intact: line ${verdict.line}, counted over all months, ${verdict.problem}${verdict.line === 1 ? ' (or the key is that of another data folder)' : ''}\n`);
      return 1;
    }
    io.stdout.write(`intact: ${verdict.head.sequence} entries in ${folder}\n`);
    return 0;
  }

  if (values.study === undefined && values.who === undefined) throw new FirstreadError('usage', 'ask for --study UID, --who NAME, or both');
  const found = await searchAudit(folder, {
    ...(values.study === undefined ? {} : { studyInstanceUid: values.study }),
    ...(values.who === undefined ? {} : { who: values.who }),
    ...(values.since === undefined ? {} : { sinceMs: moment('--since', values.since) }),
    ...(values.until === undefined ? {} : { untilMs: moment('--until', values.until) }),
  });
  if (values.json === true) for (const entry of found.entries) io.stdout.write(`${JSON.stringify(entry)}\n`);
  else if (found.entries.length === 0) io.stdout.write('nothing in the trail\n');
  else io.stdout.write(formatTable(['when (UTC)', 'who', 'from', 'what', 'outcome', 'study or details'], found.entries.map(rowOf), [19, 32, 40, 24, 7, 64]));
  if (found.droppedCount > 0) io.stderr.write(`${found.droppedCount} earlier entries are not shown: ask for less with --since\n`);
  if (found.unreadableCount > 0) io.stderr.write(`${found.unreadableCount} lines are no entries: run \`firstread audit verify\`\n`);
  return 0;
}

function rowOf({ at, who, from, event, outcome, studyInstanceUid, details }: AuditEntry): string[] {
  const more = Object.entries(details ?? {}).map(([key, value]) => `${key} ${value}`);
  return [at.slice(0, 19).replace('T', ' '), who, from ?? '', event, outcome, [studyInstanceUid, ...more].filter(Boolean).join(', ')];
}

/** @throws FirstreadError('usage') */
function moment(option: string, text: string): number {
  const back = /^(\d{1,5})([mhd])$/.exec(text);
  if (back !== null) return Date.now() - Number(back[1]) * UNIT_MS[back[2]!]!;
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00`) : /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw new FirstreadError('usage', `${option} is a day (2026-11-21), a moment (2026-11-21T08:00+07:00) or a time back (90m, 24h, 7d)`);
  return ms;
}

/** The hub makes the key at its first start; a trail without it can only have been made by tests. */
function auditKey(path: string): Buffer {
  let key: unknown;
  try {
    key = (JSON.parse(readFileSync(path, 'utf8')) as { auditKey?: unknown }).auditKey;
  } catch (error) {
    throw new FirstreadError('config-invalid', `the trail's key cannot be read from ${path}: ${(error as Error).message}; name the secrets.json of its data folder with --key-file`);
  }
  if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) throw new FirstreadError('config-invalid', `${path} holds no auditKey`);
  return Buffer.from(key, 'hex');
}
