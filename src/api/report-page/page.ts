/**
 * A structured report as a page to read and to print (PURE): its header, its content tree in the order that a reader
 * needs, its regions drawn over the image. Everything from the report is escaped; there is no script and no style but
 * the stylesheet's, so that the strictest policy holds.
 */
import type { Code, ContentNode, ReportDocument } from '../../dicom/structured-report.ts';
import type { Language } from '../../study/wording.ts';
import { inVietnamese, reasonInVietnamese } from './sentences.ts';
import { CONCEPTS_VI, WORDS } from './words.ts';

export interface ReportPageOptions {
  readonly language: Language;
  /** Pixels of an image of the report; undefined where it is not there any more. */
  readonly sizeOf: (sopInstanceUid: string) => { readonly rows: number; readonly columns: number } | undefined;
}

/** A hostile report cannot make an endless page. */
const NODES_MAX = 2_000;
const TEXT_CHARACTERS_MAX = 4_000;
const POINTS_MAX = 2_000;
const PICTURE_SIDE_PIXELS = 900;
/** First what it says, then where, then on what; whatever else there is follows. */
const SECTION_ORDER = ['UMLS C0034375', 'DCM 126010', 'DCM 111028'];

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.slice(0, TEXT_CHARACTERS_MAX).replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ' ').replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);
/** Isolated, so that a right-to-left mark in a name does not turn the line around. */
const own = (text: string): string => `<bdi>${escaped(text)}</bdi>`;
const key = (code: Code): string => `${code.scheme} ${code.value}`;

export function reportPage(document: ReportDocument, { language, sizeOf }: ReportPageOptions): string {
  const word = (name: keyof typeof WORDS, values: Readonly<Record<string, string | number>> = {}): string => WORDS[name][language].replace(/\{(\w+)\}/g, (_all, value: string) => String(values[value] ?? ''));
  const translated = (code: Code): string | undefined => (language === 'en' ? undefined : (CONCEPTS_VI[key(code)] ?? (code.scheme === '99FRD' ? reasonInVietnamese(code.value) : undefined)));
  const meaning = (code: Code): string => translated(code) ?? code.meaning;
  /** The report's own words stay beside their translation. */
  const withOriginal = (words: string | undefined, original: string): string =>
    language === 'en' ? own(original) : words === undefined ? `<bdi lang="en">${escaped(original)}</bdi>` : `${own(words)}${words.toLowerCase() === original.toLowerCase() ? '' : ` <small lang="en">${escaped(original)}</small>`}`;
  const coded = (code: Code): string => withOriginal(translated(code), code.meaning);
  const images = [...document.evidence.keys()];
  let left = NODES_MAX;

  const valueOf = (node: ContentNode): string => {
    if (node.code !== undefined) return coded(node.code);
    if (node.number !== undefined) return `${own(language === 'vi' ? node.number.value.replace('.', ',') : node.number.value)}${node.number.unit === undefined ? '' : ` ${escaped(meaning(node.number.unit))}`}`;
    if (node.graphic !== undefined) return escaped(word('region', { n: node.graphic.points.length }));
    if (node.reference !== undefined) {
      const at = images.indexOf(node.reference.sopInstanceUid);
      return `${escaped(at >= 0 ? word('image', { n: at + 1 }) : word('object'))} <span class="uid">${escaped(node.reference.sopInstanceUid)}</span>`;
    }
    const text = node.text ?? '';
    // Hashes and identifiers are for comparing, not for reading.
    return node.valueType === 'UIDREF' || /\S{48}/.test(text) ? `<span class="uid" lang="en">${escaped(text)}</span>` : withOriginal(language === 'en' ? undefined : inVietnamese(text), text);
  };
  /** The image that a region lies on belongs to the region's own line. */
  const isPlace = (parent: ContentNode, child: ContentNode): boolean => parent.graphic !== undefined && child.name === undefined && child.reference !== undefined;
  const rows = (nodes: readonly ContentNode[]): string => {
    const parts: string[] = [];
    let before: string | undefined;
    for (const node of nodes) {
      if (left-- <= 0) break;
      const name = node.name === undefined ? '' : coded(node.name);
      if (node.valueType === 'CONTAINER') parts.push(`<div class="group"><dt>${name}</dt><dd>${list(node.children)}</dd></div>`);
      else {
        const label = name || escaped(word(node.reference === undefined ? 'object' : 'image', { n: '' }).trim());
        const value = [node, ...node.children.filter((child) => isPlace(node, child))].map(valueOf).join(', ');
        // Of several values in a row the name is written once.
        parts.push(`<div${label === before ? ' class="again"' : ''}><dt>${label}</dt><dd${toneOf(node)}>${value}${list(node.children.filter((child) => !isPlace(node, child)))}</dd></div>`);
        before = label;
        continue;
      }
      before = undefined;
    }
    return parts.join('');
  };
  const list = (nodes: readonly ContentNode[]): string => (nodes.length === 0 ? '' : `<dl>${rows(nodes)}</dl>`);

  const containers = document.root.children.filter(({ valueType }) => valueType === 'CONTAINER').toSorted((a, b) => placeOf(a) - placeOf(b));
  const context = document.root.children.filter(({ valueType }) => valueType !== 'CONTAINER');
  const sections = containers.map((node) => `<section><h2>${node.name === undefined ? '' : coded(node.name)}</h2>${node.name !== undefined && key(node.name) === 'DCM 126010' ? pictures(document, sizeOf, word('picture')) : ''}${list(node.children)}</section>`).join('');
  const verdict = find(document.root, ({ name, code }) => code !== undefined && name !== undefined && key(name) === '99FRD SCREENRESULT');
  const { header } = document;
  const title = header['SeriesDescription'] ?? word('title');
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(`${word('title')} – ${nameOf(header['PatientName'] ?? '').replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')}`)}</title>
<link rel="stylesheet" href="/report.css"><link rel="icon" href="/icon.svg">
</head>
<body>
<main class="sheet">
<p class="only">${escaped(word('only'))}<a href="?lang=${language === 'en' ? 'vi' : 'en'}" hreflang="${language === 'en' ? 'vi' : 'en'}">${language === 'en' ? 'Tiếng Việt' : 'English'}</a></p>
<header><div><h1>${escaped(word('title'))}</h1><p class="series"><bdi lang="en">${escaped(title)}</bdi></p></div>${verdict?.code === undefined ? '' : `<p class="verdict"${toneOf(verdict)}>${escaped(meaning(verdict.code))}</p>`}</header>
<dl class="facts">${facts(header, language).map(([name, value]) => `<div><dt>${escaped(word(name))}</dt><dd>${own(value)}</dd></div>`).join('')}</dl>
<p class="notice">${escaped(word('notice'))}</p>
${sections}
${context.length === 0 ? '' : `<section class="small"><h2>${escaped(word('who'))}</h2>${list(context)}</section>`}
${left <= 0 ? `<p class="notice">${escaped(word('more'))}</p>` : ''}
<footer><p>${escaped(word('only'))}. ${escaped(language === 'en' ? '' : word('language'))}</p><p>${escaped(word('record'))} <span class="uid">${escaped(document.sopInstanceUid)}</span></p></footer>
</main>
</body>
</html>
`;
}

const placeOf = ({ name }: ContentNode): number => {
  const place = name === undefined ? -1 : SECTION_ORDER.indexOf(key(name));
  return place < 0 ? SECTION_ORDER.length : place;
};

function find(node: ContentNode, wanted: (node: ContentNode) => boolean): ContentNode | undefined {
  if (wanted(node)) return node;
  for (const child of node.children) {
    const found = find(child, wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

const TONES: Readonly<Record<string, string>> = { '99FRD FLAGGED': 'flagged', '99FRD NOTANALYSED': 'attention', '99FRD BELOWTHRESHOLD': 'quiet' };
const toneOf = ({ code }: ContentNode): string => (code === undefined || TONES[key(code)] === undefined ? '' : ` data-tone="${TONES[key(code)]}"`);

/** The film with the outlines over it, from the service that viewers use. */
function pictures(document: ReportDocument, sizeOf: ReportPageOptions['sizeOf'], caption: string): string {
  const regions = new Map<string, (readonly (readonly [number, number])[])[]>();
  const collect = (node: ContentNode): void => {
    const of = node.graphic === undefined ? undefined : node.children.find(({ reference }) => reference !== undefined)?.reference?.sopInstanceUid;
    if (of !== undefined && node.graphic!.points.length >= 2) regions.set(of, [...(regions.get(of) ?? []), node.graphic!.points.slice(0, POINTS_MAX)]);
    node.children.forEach(collect);
  };
  collect(document.root);
  return [...regions].map(([sopInstanceUid, outlines]) => {
    const place = document.evidence.get(sopInstanceUid);
    const size = sizeOf(sopInstanceUid);
    if (place === undefined || size === undefined) return '';
    const address = `/dicom-web/studies/${place.studyInstanceUid}/series/${place.seriesInstanceUid}/instances/${sopInstanceUid}/rendered?viewport=${PICTURE_SIDE_PIXELS},${PICTURE_SIDE_PIXELS}`;
    const lines = outlines.map((points) => `<polygon points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}"/>`).join('');
    return `<figure><svg viewBox="0 0 ${size.columns} ${size.rows}" role="img" aria-label="${escaped(caption)}"><image href="${escaped(address)}" width="${size.columns}" height="${size.rows}" preserveAspectRatio="none"/>${lines}</svg><figcaption>${escaped(caption)}</figcaption></figure>`;
  }).join('');
}

const round = (value: number): number => (Number.isFinite(value) ? Math.round(value * 10) / 10 : 0);

function facts(header: ReportDocument['header'], language: Language): readonly (readonly [keyof typeof WORDS, string])[] {
  const sexes: Readonly<Record<string, string>> = { F: WORDS.female[language], M: WORDS.male[language], O: WORDS.other[language] };
  const flags = [header['PreliminaryFlag'] === 'PRELIMINARY' ? WORDS.preliminary[language] : '', header['VerificationFlag'] === 'VERIFIED' ? WORDS.verified[language] : WORDS.unverified[language]];
  const all: readonly (readonly [keyof typeof WORDS, string | undefined])[] = [
    ['patient', header['PatientName'] === undefined ? undefined : nameOf(header['PatientName'])],
    ['patientId', [header['PatientID'], header['IssuerOfPatientID']].filter(Boolean).join(' · ')],
    ['born', dateOf(header['PatientBirthDate'], language)],
    ['sex', sexes[header['PatientSex'] ?? '']],
    ['study', header['StudyDescription']],
    ['studyDate', [dateOf(header['StudyDate'], language), timeOf(header['StudyTime'])].filter(Boolean).join(' ')],
    ['accession', header['AccessionNumber']],
    ['referring', header['ReferringPhysicianName'] === undefined ? undefined : nameOf(header['ReferringPhysicianName'])],
    ['institution', header['InstitutionName']],
    ['written', [dateOf(header['ContentDate'], language), timeOf(header['ContentTime'])].filter(Boolean).join(' ')],
    ['status', flags.filter((flag) => flag !== '').join(', ')],
    ['by', [header['Manufacturer'], header['ManufacturerModelName'], header['SoftwareVersions']].filter((part, at, parts) => part !== undefined && parts.indexOf(part) === at).join(' ')],
  ];
  return all.filter((fact): fact is readonly [keyof typeof WORDS, string] => fact[1] !== undefined && fact[1] !== '');
}

const nameOf = (name: string): string => name.split('=').map((group) => group.split('^').filter(Boolean).join(' ')).filter(Boolean).join(' · ');

/** 2026-11-21, or as it is written where it is no date; day first in Vietnamese. */
function dateOf(date: string | undefined, language: Language): string | undefined {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(date ?? '');
  if (match === null) return date;
  return language === 'vi' ? `${match[3]}/${match[2]}/${match[1]}` : `${match[1]}-${match[2]}-${match[3]}`;
}

const timeOf = (time: string | undefined): string | undefined => {
  const match = /^(\d{2}):?(\d{2})/.exec(time ?? '');
  return match === null ? undefined : `${match[1]}:${match[2]}`;
};
