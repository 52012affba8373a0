/** The first part of a multipart/related answer (RFC 2046 5.1, PS3.18 8.7.1), as WADO-RS sends one frame. PURE. */
const TAIL_MAX = 4096;

/** { bytes, transferSyntaxUid } of one frame, whether it came in a part or bare. */
export function frameOf(body, contentType) {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (!/^multipart\//i.test(contentType)) return { bytes: body, transferSyntaxUid: syntaxIn(contentType) };
  if (boundary === undefined) throw new Error('not a multipart answer');
  const headEnd = indexOf(body, [13, 10, 13, 10], 0, TAIL_MAX);
  const head = String.fromCharCode(...body.subarray(0, Math.max(0, headEnd)));
  const mark = [...`\r\n--${boundary}`].map((letter) => letter.charCodeAt(0));
  const end = indexOf(body, mark, Math.max(headEnd + 4, body.length - boundary.length - 64), body.length);
  if (headEnd < 0 || end < 0) throw new Error('not a multipart answer');
  return { bytes: body.subarray(headEnd + 4, end), transferSyntaxUid: syntaxIn(/content-type:([^\r\n]*)/i.exec(head)?.[1] ?? '') ?? syntaxIn(contentType) };
}

/** PS3.18 8.7.3.3.2: octets without a word are Explicit VR Little Endian. */
const syntaxIn = (type) => /transfer-syntax="?([0-9.]+)"?/i.exec(type)?.[1];

function indexOf(bytes, wanted, from, until) {
  outer: for (let at = Math.max(0, from); at <= Math.min(until, bytes.length) - wanted.length; at += 1) {
    for (let k = 0; k < wanted.length; k += 1) if (bytes[at + k] !== wanted[k]) continue outer;
    return at;
  }
  return -1;
}
