/**
 * `firstread prepare`: writes films as the tensors that the models see, for models/training. It runs the serving code
 * itself (decoding, lung field, preprocessing), so that training data and served data cannot differ.
 *
 * Writes OUT/pixels.u8 (uint8, count × height × width, in the order of the index) and OUT/index.json. A film that
 * cannot be read is named in the index with its reason and has no tensor; it never ends the run.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join, relative, resolve } from 'node:path';
import { FirstreadError } from '../errors.ts';
import type { GrayImage } from '../inference/gray-image.ts';
import { cropRegion, judgeFrontal } from '../inference/lung-field.ts';
import type { ManifestInput } from '../inference/manifest-types.ts';
import { preprocess } from '../inference/preprocess.ts';
import { openLungField, type LungFieldNetwork } from '../inference/lung-field-network.ts';
import { parseOptions } from './command.ts';
import type { CommandIo } from './command.ts';

export const help = `usage: firstread prepare --out DIR --size N [--crop lung|whole] [--margin F] [--list FILE] [FOLDER|FILE…]
  Writes the films as uint8 tensors (pixels.u8) with index.json, exactly as the models see them.
  --out DIR       where to write
  --size N        width and height of the tensors in pixels
  --crop WHAT     lung (default): box of the lung field; whole: the whole film
  --margin F      margin around the lungs as a fraction of their box (default 0.06)
  --list FILE     a text file with one path per line, relative to --base
  --base DIR      where relative paths start (default: here); the index names files relative to it
  --models DIR    folder of the lung-field model (default: models/lung-field)`;

interface PreparedFilm {
  readonly file: string;
  /** Position in pixels.u8; absent when the film could not be read. */
  readonly index?: number;
  readonly width?: number;
  readonly height?: number;
  readonly region?: readonly [number, number, number, number];
  readonly frontalProbability?: number;
  readonly frontal?: boolean;
  readonly lungAreaFraction?: number;
  readonly problem?: string;
}

export const run = (argv: string[], io: CommandIo): Promise<number> => prepareCommand(argv, (line) => void io.stdout.write(`${line}\n`));

export async function prepareCommand(args: readonly string[], write: (line: string) => void): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    out: { type: 'string' }, size: { type: 'string' }, crop: { type: 'string', default: 'lung' }, margin: { type: 'string' },
    list: { type: 'string' }, base: { type: 'string', default: '.' }, models: { type: 'string', default: 'models/lung-field' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return write(help), 0;
  const size = Number(values.size);
  const margin = values.margin === undefined ? undefined : Number(values.margin);
  if (values.out === undefined || !Number.isInteger(size) || size < 16 || size > 4096 || !['lung', 'whole'].includes(values.crop) || Number.isNaN(margin)) {
    throw new FirstreadError('usage', help);
  }
  const files = await listFiles(values.base, values.list, positionals);
  const input: ManifestInput = {
    name: 'image', dtype: 'uint8', layout: 'NCHW', width: size, height: size, channels: 1, range: [0, 255],
    crop: values.crop as 'lung' | 'whole', fit: 'stretch', ...(margin === undefined ? {} : { cropMargin: margin }),
  };
  await mkdir(values.out, { recursive: true });
  const lungField = input.crop === 'lung' ? await openLungField(values.models) : undefined;
  const prepared = await prepareFilms(files, values.base, values.out, input, lungField, write);
  const unread = prepared.filter((film) => film.problem !== undefined);
  for (const film of unread.slice(0, 20)) write(`not read: ${film.file}: ${film.problem}`);
  write(`${prepared.length - unread.length} films written to ${values.out}, ${unread.length} not read`);
  return 0;
}

async function prepareFilms(
  files: readonly string[], base: string, out: string, input: ManifestInput,
  lungField: LungFieldNetwork | undefined, write: (line: string) => void,
): Promise<PreparedFilm[]> {
  const pixels = createWriteStream(join(out, 'pixels.u8'));
  const hash = createHash('sha256');
  const films: PreparedFilm[] = [];
  const startedMs = Date.now();
  let count = 0;
  for (const [position, file] of files.entries()) {
    const film = await prepareFilm(file, base, input, lungField);
    if (film.tensor !== undefined) {
      hash.update(film.tensor);
      if (!pixels.write(film.tensor)) await once(pixels, 'drain');
    }
    films.push(film.tensor === undefined ? film.facts : { ...film.facts, index: count++ });
    if ((position + 1) % 200 === 0) {
      const leftS = ((Date.now() - startedMs) / 1000 / (position + 1)) * (files.length - position - 1);
      write(`${position + 1} of ${files.length} films, about ${leftS.toFixed(0)} s left`);
    }
  }
  pixels.end();
  await once(pixels, 'finish');
  const index = { schema: 'firstread-prepared/1', input, count, sha256: hash.digest('hex'), lungField: lungField?.sha256, films };
  await writeFile(join(out, 'index.json'), `${JSON.stringify(index)}\n`);
  return films;
}

async function prepareFilm(file: string, base: string, input: ManifestInput, lungField: LungFieldNetwork | undefined) {
  const name = relative(base, file);
  try {
    const image = await readFilm(file);
    const facts: PreparedFilm = { file: name, width: image.width, height: image.height };
    const found = lungField === undefined ? undefined : await lungField.find(image);
    const region = cropRegion(found?.field, image, input);
    const { tensor } = preprocess(image, input, region);
    const verdict = found === undefined ? undefined : judgeFrontal(found.frontalProbability, found.frontalThreshold, found.field);
    return {
      tensor: tensor as Uint8Array,
      facts: {
        ...facts,
        region: [region.x, region.y, region.width, region.height] as const,
        ...(verdict === undefined ? {} : { frontalProbability: verdict.probability, frontal: verdict.frontal, lungAreaFraction: found!.field.areaFraction }),
      },
    };
  } catch (error) {
    return { tensor: undefined, facts: { file: name, problem: error instanceof Error ? error.message : String(error) } };
  }
}

/** Films as the worker reads them; codecs and sharp are loaded only when a film needs them. */
export async function readFilm(file: string): Promise<GrayImage> {
  const bytes = await readFile(file);
  const { decodePicture, pictureFormat } = await import('../inference/decode-picture.ts');
  if (pictureFormat(bytes) !== undefined) return (await decodePicture(bytes)).image;
  const { decodeInstance } = await import('../inference/decode-frame.ts');
  return (await decodeInstance(bytes)).image;
}

async function listFiles(base: string, list: string | undefined, positionals: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  if (list !== undefined) {
    const lines = (await readFile(list, 'utf8')).split('\n').map((line) => line.trim());
    files.push(...lines.filter((line) => line !== '').map((line) => resolve(base, line)));
  }
  for (const path of positionals) {
    if ((await stat(path)).isDirectory()) {
      const names = await readdir(path, { recursive: true, withFileTypes: true });
      files.push(...names.filter((entry) => entry.isFile()).map((entry) => resolve(entry.parentPath, entry.name)).sort());
    } else files.push(resolve(path));
  }
  return files;
}
