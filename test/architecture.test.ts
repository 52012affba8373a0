/** The directions between rooms (docs/architecture.md), checked on the imports as they are written. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../src', import.meta.url));

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => join(root, path));

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const imports: readonly Import[] = files.flatMap((file) => {
  const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found = [
    ...source.matchAll(/^\s*(import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]/gm),
    ...source.matchAll(/^\s*(import)\s+()['"]([^'"]+)['"]/gm),
    ...source.matchAll(/(import)(?:\s*)\(()['"]([^'"]+)['"]\)/g),
  ];
  return found.map((match) => ({ from: file, specifier: match[3] as string, typeOnly: match[2] !== undefined && match[2].trim() === 'type' }));
});

const roomOf = (path: string): string => {
  const parts = relative(root, path).split('/');
  return parts.length === 1 ? (parts[0] as string) : (parts[0] as string);
};

const local = imports
  .filter(({ specifier }) => specifier.startsWith('.'))
  .map((entry) => ({ ...entry, room: roomOf(entry.from), target: roomOf(resolve(dirname(entry.from), entry.specifier)) }));

/** Which rooms each room may import from, besides itself and errors.ts. */
const ALLOWED: Readonly<Record<string, readonly string[] | 'everything'>> = {
  'main.ts': 'everything',
  commands: 'everything',
  hub: ['config', 'dicom', 'dimse', 'intake', 'study', 'registry', 'queue', 'inference', 'report', 'view', 'threads', 'delivery', 'api', 'ops', 'version.ts'],
  'version.ts': ['package.json', '..'],
  'errors.ts': [],
  config: ['delivery'],
  dicom: ['study'],
  dimse: ['dicom'],
  intake: ['dicom', 'dimse', 'study'],
  study: [],
  evaluation: ['study'],
  registry: ['study', 'dicom'],
  queue: ['study'],
  threads: [],
  inference: ['dicom', 'study', 'queue', 'threads'],
  view: ['dicom', 'inference', 'threads'],
  report: ['dicom', 'study'],
  delivery: ['dimse', 'dicom', 'study'],
  api: ['study', 'ops', 'dicom'],
  ops: ['study'],
};

describe('directions between rooms', () => {
  test('the imports were found', () => {
    expect(local.length).toBeGreaterThan(50);
  });

  test.each(Object.keys(ALLOWED).filter((room) => ALLOWED[room] !== 'everything'))('%s imports only what it may', (room) => {
    const allowed = ALLOWED[room] as readonly string[];
    const wrong = local.filter((entry) => entry.room === room && entry.target !== room && entry.target !== 'errors.ts' && !allowed.includes(entry.target));
    expect(wrong.map((entry) => `${relative(root, entry.from)} → ${entry.specifier}`)).toEqual([]);
  });

  test('every room has its rule', () => {
    expect([...new Set(local.map((entry) => entry.room))].filter((room) => !(room in ALLOWED))).toEqual([]);
  });

  test('nobody imports main or commands', () => {
    const wrong = local.filter((entry) => (entry.target === 'main.ts' || entry.target === 'commands') && entry.room !== 'main.ts' && entry.room !== 'commands');
    expect(wrong.map((entry) => relative(root, entry.from))).toEqual([]);
  });

  /** What is loaded with a file, at once or later; a thread's file is named by URL, and so is not. */
  const loadedWith = (file: string, loaded = new Set<string>()): ReadonlySet<string> => {
    if (loaded.has(file)) return loaded;
    loaded.add(file);
    for (const { from, specifier, typeOnly } of imports) if (from === file && !typeOnly && specifier.startsWith('.')) loadedWith(resolve(dirname(from), specifier), loaded);
    return loaded;
  };
  const importersOf = (pattern: RegExp, files: ReadonlySet<string>): readonly string[] =>
    imports.filter(({ from, specifier, typeOnly }) => !typeOnly && pattern.test(specifier) && files.has(from)).map(({ from, specifier }) => `${relative(root, from)} → ${specifier}`);

  test('the hub builds no report on its event loop: neither the builders nor dcmjs are loaded there', () => {
    const builders = /^dcmjs$|\/(chest-report|overlay|visual)\.ts$/;
    expect(importersOf(builders, loadedWith(join(root, 'hub/hub.ts')))).toEqual([]);
    expect(importersOf(builders, loadedWith(join(root, 'hub/report-thread.ts')))).toContain('dicom/write-part10.ts → dcmjs');
  });

  test('pure rooms import no node: module but buffer and assert', () => {
    // decode edges of dicom (inflate) get their zlib as an argument; so dicom, study, report and evaluation are pure as a whole.
    const wrong = imports.filter(
      ({ from, specifier, typeOnly }) =>
        !typeOnly && ['dicom', 'study', 'report', 'evaluation'].includes(roomOf(from)) && specifier.startsWith('node:') && !/^node:(buffer|assert)/.test(specifier),
    );
    expect(wrong.map((entry) => `${relative(root, entry.from)} → ${entry.specifier}`)).toEqual([]);
  });
});
