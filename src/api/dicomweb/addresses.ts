/** The service's addresses (PS3.18 10.1) and what stands in a request besides them. */
import type { ApiCall } from '../route.ts';
import * as schemas from '../schemas.ts';
import type { DicomObject } from './port.ts';

export const ROOT = '/dicom-web';
export const STUDIES = `${ROOT}/studies`;
export const STUDY = `${STUDIES}/:study`;
export const SERIES = `${STUDY}/series/:series`;
export const INSTANCE = `${SERIES}/instances/:instance`;
export const DICOM_JSON = 'application/dicom+json';

export const studyParams = schemas.object({ study: schemas.uid });
export const seriesParams = schemas.object({ study: schemas.uid, series: schemas.uid });
export const instanceParams = schemas.object({ study: schemas.uid, series: schemas.uid, instance: schemas.uid });

/** The query parameter goes before the header (PS3.18 8.3.3.1): links cannot have headers. */
export function acceptOf(call: ApiCall): string | undefined {
  const asked = call.query['accept'];
  return typeof asked === 'string' && asked !== '' ? asked : call.request.headers.accept;
}

/** As the client reached us, or a trusted proxy in front of us. The host was checked before. */
const originOf = ({ request }: ApiCall): string => `${request.protocol}://${request.host}`;

export const studyAddress = (call: ApiCall, studyInstanceUid: string): string => `${originOf(call)}${STUDIES}/${studyInstanceUid}`;
export const seriesAddress = (call: ApiCall, object: DicomObject): string => `${studyAddress(call, object.studyInstanceUid)}/series/${object.seriesInstanceUid}`;
export const instanceAddress = (call: ApiCall, object: DicomObject): string => `${seriesAddress(call, object)}/instances/${object.sopInstanceUid}`;
export const bulkDataBase = (call: ApiCall, object: DicomObject): string => `${instanceAddress(call, object)}/bulkdata/`;
