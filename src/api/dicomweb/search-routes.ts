/**
 * QIDO-RS (PS3.18 10.6): studies, series and instances by search keys. Only what can still be retrieved is found. A
 * search below the study that names no study goes through the matching studies, newest first, in portions between which
 * others are served, and gives up where it would have to look at too many.
 */
import { setImmediate } from 'node:timers/promises';
import type { JsonDataSet } from '../../dicom/dicom-json.ts';
import { FirstreadError } from '../../errors.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';
import { acceptOf, DICOM_JSON, instanceAddress, ROOT, SERIES, seriesAddress, seriesParams, STUDIES, STUDY, studyAddress, studyParams } from './addresses.ts';
import { answerFor, type Level, type Subject } from './attributes.ts';
import { admits, mediaRanges } from './media-types.ts';
import type { DicomObject, DicomStudy, DicomWebPort } from './port.ts';
import { searchQueryOf, SEARCH_LIMITS, type ObjectMatch, type SearchQuery } from './search-query.ts';
import type { Visit } from './visit.ts';

/** A page of studies where the client sets no limit. */
const STUDIES_BY_DEFAULT = 500;
const PORTION_STUDIES = 100;
/** One search looks at no more studies than these. */
const STUDIES_LOOKED_AT_MAX = 5_000;

interface Found {
  readonly answers: readonly JsonDataSet[];
  /** There are more than were answered. */
  readonly more: boolean;
}

export function searchRoutes({ port, visit }: { readonly port: DicomWebPort; readonly visit: Visit }): readonly ApiRoute[] {
  const findStudies = async (call: ApiCall, query: SearchQuery): Promise<Found> => {
    const limit = Math.min(query.limit ?? STUDIES_BY_DEFAULT, SEARCH_LIMITS.limitMax);
    const answers: JsonDataSet[] = [];
    let more = false;
    for (let offset = query.offset; !more; offset += PORTION_STUDIES) {
      const uids = port.findStudies(query.studies, { limit: PORTION_STUDIES, offset });
      for (const uid of uids) {
        const study = port.study(uid);
        const objects = study === undefined ? [] : present(study);
        if (study === undefined || objects.length === 0) continue;
        more = answers.length === limit;
        if (more) break;
        answers.push(answerFor({ study, objects, series: objects, instance: objects[0]!, address: studyAddress(call, uid) }, ['study'], query.include));
      }
      if (uids.length < PORTION_STUDIES) break;
      await setImmediate();
    }
    return { answers, more };
  };

  /** Series or instances of these studies. */
  const findBelow = async (call: ApiCall, query: SearchQuery, level: 'series' | 'instance', levels: readonly Level[], studies: AsyncIterable<DicomStudy>): Promise<Found> => {
    const limit = Math.min(query.limit ?? SEARCH_LIMITS.limitMax, SEARCH_LIMITS.limitMax);
    const answers: JsonDataSet[] = [];
    let skip = query.offset;
    for await (const study of studies) {
      for (const subject of subjectsOf(call, study, level, query.objects, call.params['series'])) {
        if (skip > 0) {
          skip -= 1;
          continue;
        }
        if (answers.length === limit) return { answers, more: true };
        answers.push(answerFor(subject, levels, query.include));
      }
    }
    return { answers, more: false };
  };

  async function* matching(query: SearchQuery): AsyncGenerator<DicomStudy> {
    for (let offset = 0; ; offset += PORTION_STUDIES) {
      if (offset >= STUDIES_LOOKED_AT_MAX) throw new FirstreadError('search-too-broad');
      const uids = port.findStudies(query.studies, { limit: PORTION_STUDIES, offset });
      for (const uid of uids) {
        const study = port.study(uid);
        if (study !== undefined) yield study;
      }
      if (uids.length < PORTION_STUDIES) return;
      await setImmediate();
    }
  }

  async function* named(call: ApiCall): AsyncGenerator<DicomStudy> {
    yield visit.study(call);
  }

  const route = (url: string, level: Level, params: schemas.JsonSchema | undefined, summary: string): ApiRoute => ({
    method: 'GET', url, access: 'view-study', summary: `QIDO-RS: ${summary}`, ...(params === undefined ? {} : { params }), query: schemas.anyQuery, answer: { mediaType: DICOM_JSON },
    async handler(call) {
      visit.enter(call);
      if (!mediaRanges(acceptOf(call)).some((range) => admits(range, DICOM_JSON) || admits(range, 'application/json'))) throw new FirstreadError('not-acceptable');
      const query = searchQueryOf(call.query as Record<string, string>, level);
      const within = call.params['study'] !== undefined;
      if (!within) visit.noteSearch(call, query.byPatient);
      // Of the levels above, those that the address does not name already.
      const levels: readonly Level[] = level === 'study' ? ['study'] : [...(within ? [] : ['study' as const]), ...(call.params['series'] === undefined ? ['series' as const] : []), level];
      const found = level === 'study' ? await findStudies(call, query) : await findBelow(call, query, level, levels, within ? named(call) : matching(query));
      const warnings = [
        ...(query.ignored.length === 0 ? [] : [`299 - "These keys are not searched by here and match everything: ${query.ignored.join(' ').replace(/[^\x20-\x7e]|["\\]/g, '?').slice(0, 300)}"`]),
        ...(found.more ? ['299 - "There are more results than were answered: ask again with offset"'] : []),
      ];
      if (warnings.length > 0) call.reply.header('warning', warnings.join(', '));
      if (found.answers.length === 0) return call.reply.code(204).send();
      return call.reply.header('content-type', DICOM_JSON).send(JSON.stringify(found.answers));
    },
  });

  return [
    route(STUDIES, 'study', undefined, 'studies, newest first.'),
    route(`${STUDY}/series`, 'series', studyParams, 'the series of a study, our reports among them.'),
    route(`${STUDY}/instances`, 'instance', studyParams, 'the instances of a study.'),
    route(`${SERIES}/instances`, 'instance', seriesParams, 'the instances of a series.'),
    route(`${ROOT}/series`, 'series', undefined, 'series of all studies.'),
    route(`${ROOT}/instances`, 'instance', undefined, 'instances of all studies.'),
  ];
}

const present = ({ objects }: DicomStudy): readonly DicomObject[] => objects.filter(({ removed }) => !removed);

function* subjectsOf(call: ApiCall, study: DicomStudy, level: 'series' | 'instance', match: ObjectMatch, inSeries: string | undefined): Generator<Subject> {
  const objects = present(study);
  const bySeries = Map.groupBy(objects, ({ seriesInstanceUid }) => seriesInstanceUid);
  if (inSeries !== undefined && !bySeries.has(inSeries)) throw new FirstreadError(study.objects.some(({ seriesInstanceUid }) => seriesInstanceUid === inSeries) ? 'instance-removed' : 'not-found');
  for (const [seriesInstanceUid, series] of bySeries) {
    if (inSeries !== undefined && seriesInstanceUid !== inSeries) continue;
    const first = series[0]!;
    if (!matchesSeries(first, match)) continue;
    const found = series.filter((object) => matchesInstance(object, match));
    if (level === 'series' && found.length > 0) yield { study, objects, series, instance: first, address: seriesAddress(call, first) };
    else if (level === 'instance') for (const instance of found) yield { study, objects, series, instance, address: instanceAddress(call, instance) };
  }
}

const among = <T>(values: readonly T[] | undefined, value: T | undefined): boolean => values === undefined || (value !== undefined && values.includes(value));
const equal = <T>(wanted: T | undefined, value: T | undefined): boolean => wanted === undefined || wanted === value;

function matchesSeries({ header, seriesInstanceUid }: DicomObject, match: ObjectMatch): boolean {
  return among(match.modalities, header.modality) && among(match.seriesInstanceUids, seriesInstanceUid) && equal(match.seriesNumber, header.seriesNumber)
    && fits(match.seriesDescription, header.seriesDescription) && fits(match.bodyPartExamined, header.bodyPartExamined);
}

const matchesInstance = ({ header, sopInstanceUid, sopClassUid }: DicomObject, match: ObjectMatch): boolean =>
  among(match.sopInstanceUids, sopInstanceUid) && among(match.sopClassUids, sopClassUid) && equal(match.instanceNumber, header.instanceNumber);

/** * and ? (PS3.4 C.2.2.2.4). Step by step and never back further than the last *, so that no pattern is slow. */
export function fits(pattern: string | undefined, value: string | undefined): boolean {
  if (pattern === undefined) return true;
  const [wanted, text] = [[...pattern.toLowerCase()], [...(value ?? '').toLowerCase()]];
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (wanted[p] === '*') [star, mark, p] = [p, t, p + 1];
    else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === text[t])) [p, t] = [p + 1, t + 1];
    else if (star >= 0) [p, mark, t] = [star + 1, mark + 1, mark + 1];
    else return false;
  }
  while (wanted[p] === '*') p += 1;
  return p === wanted.length;
}
