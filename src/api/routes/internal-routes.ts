/** For workers on other machines: pixels out, preview pictures in, nothing else. A worker's token opens only these. */
import { FirstreadError } from '../../errors.ts';
import type { FilesPort } from '../ports.ts';
import type { ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';

export function internalRoutes(files: FilesPort, limits: { readonly previewBytesMax: number }): readonly ApiRoute[] {
  return [
    {
      method: 'GET', url: '/internal/instances/:fileKey', access: 'fetch-instances', summary: 'A stored instance as its Part 10 file, as it was sent.',
      params: schemas.fileKeyParams, answer: { mediaType: 'application/dicom' },
      async handler(call) {
        const file = await files.openInstance(call.params['fileKey']!);
        if (file === undefined) throw new FirstreadError('instance-missing');
        return call.reply.header('content-type', 'application/dicom').header('content-length', file.byteLength).send(file.stream);
      },
    },
    {
      method: 'PUT', url: '/internal/previews/:fileKey', access: 'fetch-instances', summary: 'Leaves the preview picture of a stored instance.',
      params: schemas.fileKeyParams, bodyMediaType: 'image/jpeg', bodyBytesMax: limits.previewBytesMax, answer: schemas.doneAnswer,
      async handler(call) {
        const jpeg = call.body;
        // SOI marker and the start of the next one: what is kept is served to browsers as image/jpeg with nosniff.
        if (!(jpeg instanceof Uint8Array) || jpeg.length < 4 || jpeg[0] !== 0xff || jpeg[1] !== 0xd8 || jpeg[2] !== 0xff) throw new FirstreadError('picture-invalid');
        await files.writePreview(call.params['fileKey']!, jpeg);
        return { done: true };
      },
    },
  ];
}
