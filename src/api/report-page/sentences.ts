/**
 * The sentences that our own reports are made of, in Vietnamese: the notice, the score, the line that says why a study
 * stands where it stands. PURE. What is not understood whole is not translated at all: undefined. Whoever shows a
 * translation keeps the report's own words beside it. Leaves out: coded concepts (words.ts).
 */
import { REASONS } from '../../study/reasons.ts';

/** The page's own table; not a module that TypeScript knows, since browsers read it as it is. */
const { REASONS_VI } = (await import(new URL('../web/reasons-vi.js', import.meta.url).href)) as { readonly REASONS_VI: Readonly<Record<string, string>> };

export const reasonInVietnamese = (code: string): string | undefined => (Object.hasOwn(REASONS_VI, code) ? REASONS_VI[code] : undefined);

/** As every report has it (report/statements.ts). */
const NOTICE = 'For the order of reading only. Not a diagnosis: every image still has to be read by a person.';
const NOTICE_VI = 'Chỉ để xếp thứ tự đọc. Không phải chẩn đoán: mọi phim vẫn phải do bác sĩ đọc.';
const FAMILIES: Readonly<Record<string, string>> = { 'tuberculosis': 'lao phổi', 'lung nodule': 'nốt phổi' };
const FAMILY = '(tuberculosis|lung nodule)';
const CODES = new Map<string, string>(Object.entries(REASONS).map(([code, { text }]) => [text.toLowerCase(), code]));

const number = (text: string): string => text.replace('.', ',');
const family = (text: string): string => FAMILIES[text.toLowerCase()] ?? text;
const reason = (text: string): string | undefined => {
  const code = CODES.get(text.toLowerCase());
  return code === undefined ? undefined : reasonInVietnamese(code);
};
/** All of them, or nothing. */
const listOf = (text: string, each: (part: string) => string | undefined): string | undefined => {
  const parts = text.split(', ').map(each);
  return parts.includes(undefined) ? undefined : parts.join(', ');
};
const withReason = (head: string, text: string): string | undefined => {
  const words = listOf(text, reason);
  return words && `${head}: ${words}`;
};

type Rule = readonly [RegExp, (...groups: readonly string[]) => string | undefined];
const score = (text: string): string | undefined => {
  const match = new RegExp(`^${FAMILY} (\\d+)(?: \\((site )?threshold ([\\d.]+)\\))?$`, 'i').exec(text);
  if (match === null) return undefined;
  const [, of = '', points = '', site, threshold] = match;
  return `${family(of)} ${points}${threshold === undefined ? '' : ` (${site === undefined ? 'ngưỡng' : 'ngưỡng của cơ sở'} ${number(threshold)})`}`;
};
/** Parts of the line, as study/assessment.ts puts them together. */
const PARTS: readonly Rule[] = [
  [/^Below threshold: (.+)$/, (scores) => listOf(scores!, score)?.replace(/^/, 'dưới ngưỡng: ')],
  [/^Could not all be analysed: (.+)$/, (text) => withReason('không phân tích được hết', text!)],
  [/^Could not be analysed: (.+)$/, (text) => withReason('không phân tích được', text!)],
  [/^Needs a look: (.+)$/, (text) => withReason('cần xem', text!)],
  [/^Not analysed: (.+)$/, (text) => withReason('không phân tích', text!)],
  [/^another image is still being analysed$/, () => 'ảnh khác còn đang phân tích'],
  [new RegExp(`^another image not assessed for ${FAMILY}: (.+)$`), (of, text) => withReason(`ảnh khác chưa được đánh giá ${family(of!)}`, text!)],
  [new RegExp(`^${FAMILY} not assessed: (.+)$`), (of, text) => withReason(`${family(of!)} không đánh giá`, text!)],
  [/^critical from ([\d.]+)$/, (from) => `rất khẩn từ ${number(from!)}`],
  [/^STAT(?: \((.+)\))?$/, (source) => (source === undefined ? 'cấp cứu' : `cấp cứu (${source})`)],
];

function part(text: string): string | undefined {
  for (const [pattern, say] of PARTS) {
    const match = pattern.exec(text);
    if (match !== null) return say(...match.slice(1));
  }
  return listOf(text, score) ?? reason(text);
}

export function inVietnamese(text: string): string | undefined {
  if (text === NOTICE) return NOTICE_VI;
  const statement = /^Score ([\d.]+) of 100, (site )?threshold ([\d.]+), (\S.*)$/.exec(text);
  if (statement !== null) return `Điểm ${number(statement[1]!)} trên 100, ${statement[2] === undefined ? 'ngưỡng' : 'ngưỡng của cơ sở'} ${number(statement[3]!)}, ${statement[4]!}`;
  const parts = text.split(' · ').map(part);
  if (parts.includes(undefined)) return undefined;
  const line = parts.join(' · ');
  return line.charAt(0).toUpperCase() + line.slice(1);
}
