/**
 * Golden files: what a peer printed once and a person read line by line. Lines that begin with '#' are that person's
 * notes and are not compared. FIRSTREAD_GOLDEN=write replaces the printed lines and keeps the notes where they stood.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const isNote = (line: string): boolean => line.startsWith('#');

/** The printed lines of the golden file, notes left out; with FIRSTREAD_GOLDEN=write, `printed` becomes the file first. */
export function goldenText(name: string, printed: string): string {
  const path = pathOf(name);
  if (process.env['FIRSTREAD_GOLDEN'] === 'write') writeFileSync(path, withNotes(printed, existsSync(path) ? readFileSync(path, 'utf8') : ''));
  return readFileSync(path, 'utf8').split('\n').filter((line) => !isNote(line)).join('\n');
}

/** A note stays above the line that it stood above; one whose line is gone goes to the end, to be looked at. */
function withNotes(printed: string, old: string): string {
  const notes = new Map<string, string[]>();
  let waiting: string[] = [];
  for (const line of old.split('\n')) {
    if (isNote(line)) waiting.push(line);
    else if (waiting.length > 0) {
      notes.set(line, waiting);
      waiting = [];
    }
  }
  const lines = printed.split('\n').flatMap((line) => {
    const above = notes.get(line) ?? [];
    notes.delete(line);
    return [...above, line];
  });
  return [...lines, ...[...notes.values()].flat()].join('\n');
}
