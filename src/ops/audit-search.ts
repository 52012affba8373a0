/**
 * Looking things up in the audit trail: who looked at this patient, what did this person do. Reads the month files line
 * by line, only those that can hold what is asked for, however long the trail is. Leaves out checking the chain
 * (audit.ts); a line that is no entry is counted, not hidden.
 */
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditEntry } from './audit-chain.ts';

export interface AuditQuestion {
  readonly studyInstanceUid?: string;
  /** Whole name, upper and lower case alike. */
  readonly who?: string;
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

export interface AuditFound {
  readonly entries: readonly AuditEntry[];
  /** Lines that are no entries: `firstread audit verify` says where. */
  readonly unreadableCount: number;
  /** More matched than were kept: the latest are. */
  readonly droppedCount: number;
}

const monthOf = (ms: number): string => `audit-${new Date(ms).toISOString().slice(0, 7)}.jsonl`;

export async function searchAudit(folder: string, question: AuditQuestion, entryCountMax = 100_000): Promise<AuditFound> {
  const { studyInstanceUid, sinceMs = 0, untilMs = Infinity } = question;
  const who = question.who?.toLowerCase();
  // A clock that was set back leaves later entries in a newer file: only what is surely older is skipped.
  const files = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => /^audit-\d{4}-\d{2}\.jsonl$/.test(name) && name >= monthOf(sinceMs)).sort();
  const entries: AuditEntry[] = [];
  let unreadableCount = 0;
  let droppedCount = 0;
  for (const name of files) {
    for await (const line of createInterface({ input: createReadStream(join(folder, name), 'utf8'), crlfDelay: Infinity })) {
      if (line === '' || (studyInstanceUid !== undefined && !line.includes(studyInstanceUid))) continue;
      const entry = parse(line);
      if (entry === undefined) unreadableCount += 1;
      else if ((studyInstanceUid === undefined || entry.studyInstanceUid === studyInstanceUid) && (who === undefined || entry.who.toLowerCase() === who) && between(entry, sinceMs, untilMs)) {
        entries.push(entry);
        if (entries.length > entryCountMax) droppedCount += entries.splice(0, Math.ceil(entryCountMax / 10)).length;
      }
    }
  }
  return { entries, unreadableCount, droppedCount };
}

function between({ at }: AuditEntry, sinceMs: number, untilMs: number): boolean {
  const ms = Date.parse(at);
  return ms >= sinceMs && ms < untilMs;
}

function parse(line: string): AuditEntry | undefined {
  try {
    const entry = JSON.parse(line) as AuditEntry;
    return typeof entry.who === 'string' && typeof entry.at === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}
