/**
 * The files that a command line names: files as they are, folders with everything below them, in a stable order. Links are
 * followed (cohorts are made of links), but each folder is read once: a link may lead back. Hidden files, and links that
 * lead nowhere, are left out.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FirstreadError } from '../errors.ts';

/** @throws FirstreadError('usage') naming a path that does not exist, or a folder that may not be read */
export function findFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) throw new FirstreadError('usage', `there is no file or folder ${path}`);
    return facts.isDirectory() ? filesBelow(path, new Set()).sort() : [path];
  });
}

function filesBelow(folder: string, known: Set<string>): string[] {
  const place = realpathSync(folder);
  if (known.has(place)) return [];
  known.add(place);
  return namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    const facts = factsOf(path);
    if (facts?.isDirectory() === true) return filesBelow(path, known);
    return facts?.isFile() === true && !name.startsWith('.') ? [path] : [];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new FirstreadError('usage', `the folder ${folder} cannot be read: ${(error as Error).message}`, {}, error);
  }
}

/** Undefined for a link that leads nowhere, or round in a circle. */
function factsOf(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
