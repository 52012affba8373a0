/**
 * WADO-RS (PS3.18 10.4) of pixels: frames as stored or decoded, bulk data, and rendered pictures. Stored frames are
 * streamed from their place in the file; whatever must be decoded or drawn happens in the hub's threads.
 */
import { FirstreadError } from '../../errors.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';
import { acceptOf, INSTANCE, instanceParams } from './addresses.ts';
import { admits, frameForm, mediaRanges, NATIVE_TRANSFER_SYNTAX, OCTETS, type FrameForm } from './media-types.ts';
import { multipart, type Part } from './multipart.ts';
import type { DicomObject, DicomWebPort, Encoding, StoredFrames } from './port.ts';
import { encodingOf, renderWishOf } from './render-wish.ts';
import type { Visit } from './visit.ts';

const FRAMES_MAX = 100;
const PIXEL_DATA = '7FE00010';
const frameList = { type: 'string', pattern: '^[1-9][0-9]{0,5}(,[1-9][0-9]{0,5})*$', maxLength: 700 };
const params = (more: Readonly<Record<string, schemas.JsonSchema>>): schemas.JsonSchema =>
  schemas.object({ ...(instanceParams['properties'] as Readonly<Record<string, schemas.JsonSchema>>), ...more });

export function frameRoutes({ port, visit }: { readonly port: DicomWebPort; readonly visit: Visit }): readonly ApiRoute[] {
  const framesOf = async (object: DicomObject): Promise<{ frames: StoredFrames; transferSyntaxUid: string }> => {
    const { frames, framesProblem, transferSyntaxUid } = await port.describe(object);
    if (framesProblem !== undefined) throw new FirstreadError(framesProblem);
    if (frames === undefined) throw new FirstreadError('not-found');
    return { frames, transferSyntaxUid };
  };

  const sendFrames = async (call: ApiCall, object: DicomObject, numbers: readonly number[] | 'all'): Promise<unknown> => {
    const { frames, transferSyntaxUid } = await framesOf(object);
    const asked = numbers === 'all' ? frames.ranges.map((_, at) => at + 1) : numbers;
    if (asked.length === 0 || asked.some((number) => number > (object.header.numberOfFrames ?? 1))) throw new FirstreadError('not-found');
    const form = frameForm(mediaRanges(acceptOf(call)), { transferSyntaxUid, encapsulated: frames.kind === 'encapsulated', asStored: frames.given === 'as-stored' });
    if (form === undefined || (!form.multipart && asked.length > 1)) throw new FirstreadError('not-acceptable');
    const parts = form.form === 'as-stored' ? storedParts(object, frames, asked, form) : await decodedParts(object, asked, form, visit.signal(call));
    return send(call, parts, form);
  };

  const storedParts = (object: DicomObject, frames: StoredFrames, numbers: readonly number[], form: FrameForm): readonly Part[] =>
    numbers.map((number) => {
      const ranges = frames.ranges[number - 1];
      if (ranges === undefined) throw new FirstreadError('pixels-damaged');
      return { contentType: contentTypeOf(form), byteLength: ranges.reduce((sum, { length }) => sum + length, 0), open: () => port.openRanges(object, ranges) };
    });

  /** The first one before the answer begins, so that what is wrong can still be said. */
  const decodedParts = async (object: DicomObject, [first, ...others]: readonly number[], form: FrameForm, signal: AbortSignal): Promise<readonly Part[]> => {
    const bytes = await port.nativeFrame(object, first!, signal);
    return [
      { contentType: contentTypeOf(form), byteLength: bytes.length, open: () => bytes },
      ...others.map((number) => ({ contentType: contentTypeOf(form), open: () => port.nativeFrame(object, number, signal) })),
    ];
  };

  const send = async (call: ApiCall, parts: readonly Part[], form: FrameForm): Promise<unknown> => {
    if (!form.multipart) {
      const [part] = parts;
      if (part!.byteLength !== undefined) call.reply.header('content-length', part!.byteLength);
      const body = await part!.open();
      return call.reply.header('content-type', contentTypeOf(form)).send(body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : body);
    }
    const answer = multipart(parts, form.mediaType);
    if (answer.byteLength !== undefined) call.reply.header('content-length', answer.byteLength);
    return call.reply.header('content-type', answer.contentType).send(answer.stream);
  };

  const rendered = async (call: ApiCall, frame: number): Promise<unknown> => {
    visit.enter(call);
    const object = visit.object(call);
    const encoding: Encoding = encodingOf(acceptOf(call), call.query['quality']);
    const wish = renderWishOf(call.query);
    await there(object);
    const picture = await port.render(object, frame, wish, encoding, visit.signal(call));
    return call.reply.header('content-type', encoding.mediaType).send(Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength));
  };

  /** A remembered header is no file. */
  const there = async (object: DicomObject): Promise<void> => {
    if ((await port.byteLength(object)) === undefined) throw new FirstreadError('instance-missing');
  };

  return [
    {
      method: 'GET', url: `${INSTANCE}/frames/:frames`, access: 'view-study', summary: 'WADO-RS: frames, as stored or as little endian samples.',
      params: params({ frames: frameList }), query: schemas.anyQuery, answer: { mediaType: `multipart/related; type="${OCTETS}"` },
      async handler(call) {
        visit.enter(call);
        const object = visit.object(call);
        const numbers = call.params['frames']!.split(',').map(Number);
        if (numbers.length > FRAMES_MAX) throw new FirstreadError('request-invalid');
        await there(object);
        return sendFrames(call, object, numbers);
      },
    },
    {
      method: 'GET', url: `${INSTANCE}/bulkdata/*`, access: 'view-study', summary: 'WADO-RS: a large value, under the address that /metadata gives.',
      params: params({ '*': { type: 'string', pattern: '^[0-9A-Fa-f]{8}(/[0-9]{1,5}/[0-9A-Fa-f]{8}){0,16}$' } }), query: schemas.anyQuery, answer: { mediaType: OCTETS },
      async handler(call) {
        visit.enter(call);
        const object = visit.object(call);
        const element = call.params['*']!.toUpperCase();
        await there(object);
        if (element === PIXEL_DATA) return sendFrames(call, object, 'all');
        const range = mediaRanges(acceptOf(call)).find((one) => admits(one, OCTETS));
        if (range === undefined) throw new FirstreadError('not-acceptable');
        const bytes = await port.value(object, element);
        const form: FrameForm = { form: 'decoded', mediaType: OCTETS, transferSyntaxUid: NATIVE_TRANSFER_SYNTAX, multipart: range.multipart === true };
        return send(call, [{ contentType: contentTypeOf(form), byteLength: bytes.length, open: () => bytes }], form);
      },
    },
    {
      method: 'GET', url: `${INSTANCE}/rendered`, access: 'view-study', summary: 'WADO-RS: the picture (its first frame) as JPEG or PNG; window and viewport as parameters.',
      params: instanceParams, query: schemas.anyQuery, answer: { mediaType: 'image/jpeg' },
      handler: (call) => rendered(call, 1),
    },
    {
      method: 'GET', url: `${INSTANCE}/frames/:frame/rendered`, access: 'view-study', summary: 'WADO-RS: one frame as JPEG or PNG.',
      params: params({ frame: { type: 'integer', minimum: 1, maximum: 999_999 } }), query: schemas.anyQuery, answer: { mediaType: 'image/jpeg' },
      handler: (call) => rendered(call, Number(call.params['frame'])),
    },
  ];
}

const contentTypeOf = ({ mediaType, transferSyntaxUid }: FrameForm): string => `${mediaType}; transfer-syntax=${transferSyntaxUid}`;
