/**
 * WADO-RS (PS3.18 10.4) of whole objects and their headers: studies, series, instances as stored, streamed from the
 * disk; /metadata as DICOM JSON. Objects are never transcoded as a whole: whoever asks for another transfer syntax than
 * the stored one is told so (406) and can take the frames decoded instead.
 */
import { Readable } from 'node:stream';
import { FirstreadError } from '../../errors.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';
import { acceptOf, bulkDataBase, DICOM_JSON, instanceParams, seriesParams, studyParams, STUDY, SERIES, INSTANCE } from './addresses.ts';
import { admits, mediaRanges, type MediaRange } from './media-types.ts';
import { multipart } from './multipart.ts';
import type { DicomObject, DicomWebPort } from './port.ts';
import type { Visit } from './visit.ts';

const DICOM = 'application/dicom';

export function retrieveRoutes({ port, visit }: { readonly port: DicomWebPort; readonly visit: Visit }): readonly ApiRoute[] {
  const whole = async (call: ApiCall): Promise<unknown> => {
    visit.enter(call);
    const objects = visit.objects(call);
    const range = mediaRanges(acceptOf(call)).find((one) => admits(one, DICOM) && objects.some((object) => takes(one, object)));
    if (range === undefined) throw new FirstreadError('not-acceptable');
    const taken = objects.filter((object) => takes(range, object));
    const there: { object: DicomObject; byteLength: number }[] = [];
    for (const object of taken) {
      const byteLength = await port.byteLength(object);
      if (byteLength !== undefined) there.push({ object, byteLength });
    }
    if (there.length === 0) throw new FirstreadError('instance-missing');
    // Some of what was asked for could not be given (PS3.18 table 8.5-1).
    if (there.length < objects.length) call.reply.code(206);
    if (range.multipart === false) return sendSingle(call, port, there.map(({ object }) => object));
    const answer = multipart(
      there.map(({ object, byteLength }) => ({
        contentType: `${DICOM}; transfer-syntax=${object.transferSyntaxUid}`,
        byteLength,
        open: async () => {
          const opened = await port.open(object);
          if (opened === undefined) throw new FirstreadError('instance-missing');
          return opened.stream;
        },
      })),
      DICOM,
    );
    call.reply.header('content-type', answer.contentType);
    if (answer.byteLength !== undefined) call.reply.header('content-length', answer.byteLength);
    return call.reply.send(answer.stream);
  };

  const metadata = async (call: ApiCall): Promise<unknown> => {
    visit.enter(call);
    const objects = visit.objects(call);
    if (!mediaRanges(acceptOf(call)).some((range) => admits(range, DICOM_JSON) || admits(range, 'application/json'))) throw new FirstreadError('not-acceptable');
    const texts: string[] = [];
    let failed: unknown;
    for (const object of objects) {
      try {
        // A remembered header is no file.
        if ((await port.byteLength(object)) === undefined) throw new FirstreadError('instance-missing');
        texts.push(withAddresses(call, object, (await port.describe(object)).json, port.bulkDataMark));
      } catch (error) {
        if (!(error instanceof FirstreadError)) throw error;
        failed = error;
      }
    }
    // One damaged file does not hide the others.
    if (texts.length === 0) throw failed;
    if (failed !== undefined) call.reply.code(206);
    return call.reply.header('content-type', DICOM_JSON).send(Readable.from(joined(texts), { objectMode: false }));
  };

  const route = (url: string, params: schemas.JsonSchema, what: string): readonly ApiRoute[] => [
    { method: 'GET', url, access: 'view-study', summary: `WADO-RS: the objects of ${what}, as stored.`, params, query: schemas.anyQuery, answer: { mediaType: `multipart/related; type="${DICOM}"` }, handler: whole },
    { method: 'GET', url: `${url}/metadata`, access: 'view-study', summary: `WADO-RS: the headers of ${what}.`, params, query: schemas.anyQuery, answer: { mediaType: DICOM_JSON }, handler: metadata },
  ];
  return [...route(STUDY, studyParams, 'a study'), ...route(SERIES, seriesParams, 'a series'), ...route(INSTANCE, instanceParams, 'an instance')];
}

/** Without a word about the transfer syntax, or with '*', as it is stored. */
const takes = ({ transferSyntaxUid }: MediaRange, object: DicomObject): boolean => transferSyntaxUid === undefined || transferSyntaxUid === '*' || transferSyntaxUid === object.transferSyntaxUid;

async function sendSingle(call: ApiCall, port: DicomWebPort, objects: readonly DicomObject[]): Promise<unknown> {
  if (objects.length > 1) throw new FirstreadError('not-acceptable');
  const file = await port.open(objects[0]!);
  if (file === undefined) throw new FirstreadError('instance-missing');
  return call.reply.header('content-type', `${DICOM}; transfer-syntax=${objects[0]!.transferSyntaxUid}`).header('content-length', file.byteLength).send(file.stream);
}

/** The header under the names that it has here: full addresses, and identifiers that the sender left out. */
function withAddresses(call: ApiCall, object: DicomObject, json: string, mark: string): string {
  const named = json.replaceAll(mark, bulkDataBase(call, object));
  const { header } = object;
  if (header.seriesInstanceUid === object.seriesInstanceUid && header.studyInstanceUid === object.studyInstanceUid && header.studyUidSynthesised !== true) return named;
  const dataSet = JSON.parse(named) as Record<string, unknown>;
  dataSet['0020000D'] = { vr: 'UI', Value: [object.studyInstanceUid] };
  dataSet['0020000E'] = { vr: 'UI', Value: [object.seriesInstanceUid] };
  return JSON.stringify(dataSet);
}

function* joined(texts: readonly string[]): Generator<Buffer> {
  for (const [at, text] of texts.entries()) yield Buffer.from(`${at === 0 ? '[' : ','}${text}`);
  yield Buffer.from(']');
}
