/**
 * A model's card and its pictures, from the model's own folder and nowhere else: names were checked, links that lead out
 * are not followed, sizes have ends. The card is text; the page makes elements of it (web/operations/card.js).
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { ModelCard, OpenedCardPicture } from '../api/operations-port.ts';
import type { Language } from '../study/wording.ts';

/** The English one is what every model has that has a card at all. */
const CARD_FILES: { readonly [language in Language]: string } = { en: 'card.md', vi: 'card.vi.md' };
const CARD_BYTES_MAX = 256 * 1024;
const PICTURE_BYTES_MAX = 4 * 1024 * 1024;
const MEDIA_TYPES: Readonly<Record<string, string>> = { '.png': 'image/png', '.svg': 'image/svg+xml' };

export async function readModelCard(folder: string, wanted: Language): Promise<ModelCard | undefined> {
  for (const language of new Set<Language>([wanted, 'en'])) {
    const bytes = await readInside(folder, CARD_FILES[language], CARD_BYTES_MAX);
    if (bytes !== undefined) return { markdown: bytes.toString('utf8'), language };
  }
  return undefined;
}

export const hasModelCard = async (folder: string): Promise<boolean> => (await insidePath(folder, CARD_FILES.en, CARD_BYTES_MAX)) !== undefined;

export async function readCardPicture(folder: string, name: string): Promise<OpenedCardPicture | undefined> {
  const mediaType = MEDIA_TYPES[extname(name)];
  const bytes = mediaType === undefined ? undefined : await readInside(folder, name, PICTURE_BYTES_MAX);
  return bytes === undefined || mediaType === undefined ? undefined : { bytes, mediaType };
}

async function readInside(folder: string, name: string, bytesMax: number): Promise<Buffer | undefined> {
  const path = await insidePath(folder, name, bytesMax);
  return path === undefined ? undefined : readFile(path).catch(() => undefined);
}

/** Undefined for what is not there, is no file, is too large, or lies elsewhere by way of a link. */
async function insidePath(folder: string, name: string, bytesMax: number): Promise<string | undefined> {
  try {
    const path = await realpath(join(folder, name));
    if (dirname(path) !== (await realpath(folder))) return undefined;
    const facts = await stat(path);
    return facts.isFile() && facts.size <= bytesMax ? path : undefined;
  } catch {
    return undefined;
  }
}
