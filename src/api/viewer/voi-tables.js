/** The tables of a VOI LUT Sequence (PS3.3 C.11.2.1.1) out of a DICOM JSON header: the grey curves that a detector's maker meant. */

/** More are a mistake, and the list of windows has to stay short. */
const TABLES_MAX = 6;

/**
 * [{ first, greys, explanation }]: the value that the first entry is for, and every entry as 0–1. `fetchBytes(address)`
 * brings tables that are too long for the header. A table that cannot be read is left out.
 */
export async function readVoiTables({ voiTables, signedValues }, fetchBytes) {
  const read = await Promise.all(voiTables.slice(0, TABLES_MAX).map((item) => readTable(item, signedValues, fetchBytes)));
  return read.filter((table) => table !== undefined);
}

async function readTable(item, signedValues, fetchBytes) {
  const [countWritten, firstWritten, bits] = (item['00283002']?.Value ?? []).map(Number);
  // Both are 16 bits, written as signed or unsigned whatever the VR says; no entries mean 65,536.
  const count = (countWritten & 0xffff) || 65_536;
  const first = signedValues ? (firstWritten << 16) >> 16 : firstWritten & 0xffff;
  if (!(bits >= 8 && bits <= 16)) return undefined;
  const bytes = await bytesOf(item['00283006'], fetchBytes);
  const entries = bytes === undefined ? undefined : entriesOf(bytes, count);
  if (entries === undefined) return undefined;
  // Some writers say 16 bits and use 12: the table's own largest entry is its white, as in the server's pictures.
  const white = entries.reduce((largest, entry) => Math.max(largest, entry), 0);
  if (count < 2 || entries.every((entry) => entry === entries[0])) return undefined;
  return { ...withoutFlatEnds(first, Float32Array.from(entries, (entry) => entry / white)), explanation: String(item['00283003']?.Value?.[0] ?? '').trim() };
}

async function bytesOf(element, fetchBytes) {
  if (element?.BulkDataURI !== undefined) return fetchBytes(element.BulkDataURI);
  if (element?.InlineBinary !== undefined) return Uint8Array.from(atob(element.InlineBinary), (letter) => letter.charCodeAt(0));
  return element?.Value === undefined ? undefined : new Uint8Array(Uint16Array.from(element.Value).buffer);
}

/** Words, little endian; tables of 8 bits may have a byte for each entry. */
function entriesOf(bytes, count) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 2 * count) return Uint16Array.from({ length: count }, (_one, at) => view.getUint16(2 * at, true));
  return bytes.length >= count ? bytes.subarray(0, count) : undefined;
}

/** Below its first and above its last entry a table stays as it is: flat ends only make the window wide. */
function withoutFlatEnds(first, greys) {
  let [from, to] = [0, greys.length];
  while (to - from > 2 && greys[from + 1] === greys[from]) from += 1;
  while (to - from > 2 && greys[to - 2] === greys[to - 1]) to -= 1;
  return { first: first + from, greys: greys.slice(from, to) };
}
