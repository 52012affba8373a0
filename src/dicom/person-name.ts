/** A person's name in the DICOM JSON Model (PS3.18 F.2.2). Alone in its file: whoever wants it needs no dictionary. */

/** Component groups (PS3.5 6.2.1): alphabetic=ideographic=phonetic. */
export function personName(text: string): Readonly<Record<string, string>> | null {
  const [alphabetic, ideographic, phonetic] = text.split('=').map((group) => group.replace(/\0/g, '').trim().normalize('NFC'));
  const name = { ...(alphabetic ? { Alphabetic: alphabetic } : {}), ...(ideographic ? { Ideographic: ideographic } : {}), ...(phonetic ? { Phonetic: phonetic } : {}) };
  return Object.keys(name).length === 0 ? null : name;
}
