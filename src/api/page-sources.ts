/**
 * What the pages are built from, and where to. A build notes the hash of the sources it was made of; whoever serves it
 * compares, so that a build which is older than an edited file is never served.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const WEB_FOLDER = fileURLToPath(new URL('./web/', import.meta.url));
export const BUILT_PAGES_FOLDER = fileURLToPath(new URL('../../dist/pages/', import.meta.url));
/** JSON `{sources}`: written last, so that half a build is none. */
export const BUILD_NOTE = 'built-from.json';
/** The pages that are built: their address on the server is their name here. */
export const BUILT_PAGES: readonly string[] = ['index.html', 'operations.html', 'signed-in.html'];

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();

/** Of every file's name and content; the same in every checkout. */
export function hashOfSources(folder: string): string {
  const hash = createHash('sha256');
  for (const file of filesOf(folder)) {
    const content = readFileSync(file);
    hash.update(`${file.slice(folder.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** Changes whenever a file may have: names, sizes, times. Less than a millisecond. */
export const stampOfSources = (folder: string): string =>
  filesOf(folder).map((file) => {
    const { mtimeMs, ctimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? {};
    return `${file}\0${size}\0${mtimeMs}\0${ctimeMs}`;
  }).join('\n');
