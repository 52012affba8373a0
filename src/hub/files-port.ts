/** Stored images, reports and preview pictures as the API serves them. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilesPort, OpenedFile } from '../api/ports.ts';
import { createFileSource, INSTANCE_BYTES_MAX } from '../inference/file-source.ts';
import type { Spool } from '../intake/spool.ts';
import type { Views } from '../view/views.ts';
import type { DataFolder } from './data-folder.ts';
import { createPreviewMaker } from './preview-maker.ts';

export function createFilesPort(spool: Spool, folder: DataFolder, views: Views, now: () => number): FilesPort {
  const source = createFileSource({ spool: folder.spool, previews: folder.previews, instanceBytesMax: INSTANCE_BYTES_MAX });
  const makePreview = createPreviewMaker({ spool, previews: source, views, now });
  return {
    makePreview,
    openInstance: (fileKey) => openFile(spool.path('instances', fileKey)),
    openReport: (fileKey) => openFile(spool.path('reports', fileKey)),
    openPreview: (fileKey) => openFile(join(folder.previews, fileKey.slice(0, 2), `${fileKey}.jpg`)),
    writePreview: (fileKey, jpeg) => source.putPreview(fileKey, jpeg),
  };
}

async function openFile(path: string): Promise<OpenedFile | undefined> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || !facts.isFile()) return undefined;
  return { stream: createReadStream(path), byteLength: facts.size };
}
