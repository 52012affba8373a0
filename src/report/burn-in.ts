/**
 * Words burnt into the pixels of a picture, so that they survive every viewer: a band below the image, letters of a
 * 5 × 7 dot font. Pure. Leaves out lower case and everything that the words below do not need.
 */
import assert from 'node:assert/strict';

/** Seven rows of five dots, top first. */
const LETTERS: { readonly [letter: string]: readonly string[] } = {
  ' ': ['', '', '', '', '', '', ''],
  '-': ['', '', '', '#####', '', '', ''],
  '/': ['    #', '    #', '   # ', '  #  ', ' #   ', '#    ', '#    '],
  '0': [' ### ', '#   #', '#  ##', '# # #', '##  #', '#   #', ' ### '],
  '1': ['  #  ', ' ##  ', '  #  ', '  #  ', '  #  ', '  #  ', ' ### '],
  '2': [' ### ', '#   #', '    #', '   # ', '  #  ', ' #   ', '#####'],
  '3': ['#####', '   # ', '  #  ', '   # ', '    #', '#   #', ' ### '],
  '4': ['   # ', '  ## ', ' # # ', '#  # ', '#####', '   # ', '   # '],
  '5': ['#####', '#    ', '#### ', '    #', '    #', '#   #', ' ### '],
  '6': ['  ## ', ' #   ', '#    ', '#### ', '#   #', '#   #', ' ### '],
  '7': ['#####', '    #', '   # ', '  #  ', ' #   ', ' #   ', ' #   '],
  '8': [' ### ', '#   #', '#   #', ' ### ', '#   #', '#   #', ' ### '],
  '9': [' ### ', '#   #', '#   #', ' ####', '    #', '   # ', ' ##  '],
  A: [' ### ', '#   #', '#   #', '#####', '#   #', '#   #', '#   #'],
  B: ['#### ', '#   #', '#   #', '#### ', '#   #', '#   #', '#### '],
  C: [' ### ', '#   #', '#    ', '#    ', '#    ', '#   #', ' ### '],
  D: ['#### ', '#   #', '#   #', '#   #', '#   #', '#   #', '#### '],
  E: ['#####', '#    ', '#    ', '#### ', '#    ', '#    ', '#####'],
  G: [' ### ', '#   #', '#    ', '# ###', '#   #', '#   #', ' ### '],
  I: [' ### ', '  #  ', '  #  ', '  #  ', '  #  ', '  #  ', ' ### '],
  L: ['#    ', '#    ', '#    ', '#    ', '#    ', '#    ', '#####'],
  N: ['#   #', '##  #', '# # #', '#  ##', '#   #', '#   #', '#   #'],
  O: [' ### ', '#   #', '#   #', '#   #', '#   #', '#   #', ' ### '],
  P: ['#### ', '#   #', '#   #', '#### ', '#    ', '#    ', '#    '],
  R: ['#### ', '#   #', '#   #', '#### ', '# #  ', '#  # ', '#   #'],
  S: [' ####', '#    ', '#    ', ' ### ', '    #', '    #', '#### '],
  T: ['#####', '  #  ', '  #  ', '  #  ', '  #  ', '  #  ', '  #  '],
  U: ['#   #', '#   #', '#   #', '#   #', '#   #', '#   #', ' ### '],
  Y: ['#   #', '#   #', ' # # ', '  #  ', '  #  ', '  #  ', '  #  '],
};
const LETTER_ROWS = 7;
/** Five dots and a gap. */
const LETTER_COLUMNS = 6;
const MARGIN_DOTS = 3;
/** Of 1024 columns, letters of 28 rows: read across a desk. */
const DOT_PIXELS_MAX = 4;

/** Interleaved RGB, 8 bits a sample, row by row. */
export interface RgbPicture {
  readonly rows: number;
  readonly columns: number;
  readonly pixels: Uint8Array;
}

/** The narrowest picture that takes the words whole. */
export function wordsColumns(words: string): number {
  return (words.length + 1) * LETTER_COLUMNS;
}

/**
 * The picture with a black band below it that carries the words in white, as large as its width allows and a reader
 * needs; then `more`, where it fits whole.
 */
export function burnInWords(picture: RgbPicture, required: string, more = ''): RgbPicture {
  const { rows, columns, pixels } = picture;
  const longer = `${required}   ${more}`;
  const words = more !== '' && wordsColumns(longer) <= columns ? longer : required;
  const dotPixels = Math.min(DOT_PIXELS_MAX, Math.max(1, Math.floor(columns / wordsColumns(words))));
  const bandRows = (LETTER_ROWS + 2 * MARGIN_DOTS) * dotPixels;
  const marked = new Uint8Array((rows + bandRows) * columns * 3);
  marked.set(pixels);
  [...words].forEach((letter, index) => {
    const dots = LETTERS[letter];
    assert(dots !== undefined, `no letter ${letter} in the font`);
    dots.forEach((line, y) => {
      [...line].forEach((dot, x) => {
        const atColumn = (MARGIN_DOTS + index * LETTER_COLUMNS + x) * dotPixels;
        if (dot === '#') fillSquare(marked, columns, rows + (MARGIN_DOTS + y) * dotPixels, atColumn, dotPixels);
      });
    });
  });
  return { rows: rows + bandRows, columns, pixels: marked };
}

function fillSquare(pixels: Uint8Array, columns: number, row: number, column: number, side: number): void {
  for (let y = row; y < row + side; y++) {
    if (column < columns) pixels.fill(255, (y * columns + column) * 3, (y * columns + Math.min(column + side, columns)) * 3);
  }
}
