/** The files that a command line names: files as they are, folders with everything below them, in a stable order. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FirstreadError } from '../errors.ts';

/** Hidden files are left out. @throws FirstreadError('usage') naming a path that does not exist */
export function findFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) throw new FirstreadError('usage', `there is no file or folder ${path}`);
    if (!facts.isDirectory()) return [path];
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  });
}
