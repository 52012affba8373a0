/** What the list's search box looks in, folded: Nguyen finds Nguyễn, d finds đ, NFC finds NFD. */
import { foldForSearch } from '../dicom/search-fold.ts';
import type { StudyFacts } from '../study/worklist-row.ts';

/** A name of 400 characters is searchable by its beginning; a hostile one does not fill the index. */
const FIELD_CHARACTERS_MAX = 200;
/** More words than these narrow nothing further. */
const SEARCH_WORDS_MAX = 8;

export function searchTextOf({ patientName, patientId, accessionNumber, studyDescription }: StudyFacts): string {
  const fields = [patientName, patientId, accessionNumber, studyDescription];
  return fields.map((field) => foldForSearch((field ?? '').slice(0, FIELD_CHARACTERS_MAX))).join('\n');
}

/** The folded words of a search; all of them must be in the text. */
export const searchWords = (query: string): string[] => foldForSearch(query).split(' ').filter((word) => word !== '').slice(0, SEARCH_WORDS_MAX);

/** One LIKE pattern a word; % and _ are ordinary characters. */
export const searchPatterns = (query: string): string[] => searchWords(query).map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`);
