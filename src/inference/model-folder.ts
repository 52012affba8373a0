/**
 * A model's folder on disk: model.json, the .onnx file and its half-precision twin. Read, validated, hashes compared.
 * A file that differs from its manifest is refused: nobody knows what it would say. Sessions are session.ts.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FirstreadError } from '../errors.ts';
import type { ManifestProblem } from './manifest-fields.ts';
import type { ModelManifest } from './manifest-types.ts';
import { describeProblem, isOwnFile, readManifest } from './model-manifest.ts';

export const MANIFEST_FILE = 'model.json';
/** A manifest is a page of text; more is not one. */
const MANIFEST_BYTES_MAX = 1024 * 1024;

export interface ModelFolder {
  readonly path: string;
  readonly manifest: ModelManifest;
}

export type FolderReading =
  | { readonly kind: 'good'; readonly folder: ModelFolder }
  | { readonly kind: 'bad'; readonly code: 'model-invalid' | 'model-hash-mismatch'; readonly problems: readonly ManifestProblem[] };

export async function readModelFolder(path: string): Promise<FolderReading> {
  const json = await readJson(join(path, MANIFEST_FILE));
  if ('problem' in json) return { kind: 'bad', code: 'model-invalid', problems: [json] };
  const reading = readManifest(json.value);
  if (reading.kind === 'bad') return { kind: 'bad', code: 'model-invalid', problems: await withHash(reading.problems, json.value, path) };
  const { manifest } = reading;
  const files = [{ key: 'sha256', ...pick(manifest) }, ...(manifest.fp16 === undefined ? [] : [{ key: 'fp16.sha256', ...manifest.fp16 }])];
  const problems: ManifestProblem[] = [];
  for (const { key, file, sha256 } of files) {
    const found = await hashFile(join(path, file));
    if (found === undefined) problems.push({ key: file, problem: 'is not there or cannot be read', remedy: `put it beside ${MANIFEST_FILE}, or correct "file"` });
    else if (found !== sha256) problems.push({ key, problem: `says ${sha256}, but ${file} has ${found}`, remedy: 'get the file that belongs to this manifest; if this one is meant, write its hash' });
  }
  if (problems.length === 0) return { kind: 'good', folder: { path, manifest } };
  return { kind: 'bad', code: problems.some((p) => p.key.endsWith('sha256')) ? 'model-hash-mismatch' : 'model-invalid', problems };
}

/** Where a manifest still needs its hash, the hash is said. */
async function withHash(problems: readonly ManifestProblem[], json: unknown, path: string): Promise<readonly ManifestProblem[]> {
  const file = (json as { file?: unknown } | null)?.file;
  if (typeof file !== 'string' || !isOwnFile(file) || !problems.some(({ key }) => key === 'sha256')) return problems;
  const sha256 = await hashFile(join(path, file));
  if (sha256 === undefined) return problems;
  return problems.map((one) => (one.key === 'sha256' ? { ...one, remedy: `if ${file} is the network that is meant, write "${sha256}"` } : one));
}

/** As readModelFolder, for those who can do nothing about it. */
export async function needModelFolder(path: string): Promise<ModelFolder> {
  const reading = await readModelFolder(path);
  if (reading.kind === 'good') return reading.folder;
  throw new FirstreadError(reading.code, `${path}: ${reading.problems.map(describeProblem).join(' · ')}`, { folder: path });
}

const pick = ({ file, sha256 }: ModelManifest): { file: string; sha256: string } => ({ file, sha256 });

async function readJson(path: string): Promise<{ readonly value: unknown } | ManifestProblem> {
  try {
    const { size } = await stat(path);
    if (size > MANIFEST_BYTES_MAX) return { key: MANIFEST_FILE, problem: `is ${size} bytes long`, remedy: `a manifest has at most ${MANIFEST_BYTES_MAX} bytes` };
    return { value: JSON.parse(await readFile(path, 'utf8')) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return { key: MANIFEST_FILE, problem: `is not JSON (${error.message.slice(0, 120)})`, remedy: 'correct it at that place' };
    return { key: MANIFEST_FILE, problem: 'is not there or cannot be read', remedy: 'a model is a folder with model.json and its .onnx file; see docs/models.md' };
  }
}

async function hashFile(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}
