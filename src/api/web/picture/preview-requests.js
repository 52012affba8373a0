/** What is asked about reduced pictures besides showing them: the next study's ahead of time, and why there is none. */
import { previewAddress } from '../api.js';

const TIMEOUT_MS = 15_000;
const ask = (address) => fetch(address, { headers: { 'x-firstread': 'refresh' }, credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });

/** The first picture of a study; its ETag is the key of the file that it was made from. */
export async function pictureAhead(studyInstanceUid) {
  const response = await ask(`/api/studies/${studyInstanceUid}/preview`);
  const fileKey = /^"([0-9a-f]{64})"$/.exec(response.headers.get('etag') ?? '')?.[1];
  if (!response.ok || fileKey === undefined) throw new Error('nothing ahead');
  return { fileKey, blob: await response.blob() };
}

/** The catalogue's code of the refusal: `instance-missing` where the stored file itself is gone. */
export async function previewRefusal(fileKey) {
  try {
    const response = await ask(previewAddress(fileKey));
    if (response.ok) return 'unfit';
    return (await response.json()).error?.code ?? 'other';
  } catch {
    return 'offline';
  }
}
