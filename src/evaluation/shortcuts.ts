/**
 * Could the source alone tell the classes apart? Where all positive films come from one folder, device or hospital and
 * all negative ones from another, a network that has learnt to tell the devices scores as well as one that sees disease,
 * and every figure says little. Measured: how well the class is guessed from that one fact about the film (balanced
 * accuracy of its majority). PURE.
 */
export interface SourcedFilm {
  readonly positive: boolean;
  /** Facts about where the film comes from: folder, device, picture size… */
  readonly sources: Readonly<Record<string, string | undefined>>;
}

export interface Shortcut {
  readonly source: string;
  /** 0.5–1: of both classes alike, how many films the source alone puts right. */
  readonly separation: number;
  readonly severity: 'all' | 'much';
  readonly positivesMostlyFrom: string;
  readonly negativesMostlyFrom: string;
}

/** Values with fewer films cannot be told from chance. */
const FILMS_PER_VALUE_MIN = 5;
const ALL = 0.95;
const MUCH = 0.75;

export function findShortcuts(films: readonly SourcedFilm[]): Shortcut[] {
  const names = [...new Set(films.flatMap((film) => Object.keys(film.sources)))];
  return names.flatMap((source) => judgeSource(source, films) ?? []).sort((a, b) => b.separation - a.separation);
}

function judgeSource(source: string, films: readonly SourcedFilm[]): Shortcut | undefined {
  const positives = films.filter((film) => film.positive).length;
  const negatives = films.length - positives;
  if (positives < FILMS_PER_VALUE_MIN || negatives < FILMS_PER_VALUE_MIN) return undefined;
  const values = new Map<string, { value: string; positives: number; negatives: number }>();
  for (const film of films) {
    const value = film.sources[source] ?? 'not known';
    const own = values.get(value) ?? { value, positives: 0, negatives: 0 };
    own[film.positive ? 'positives' : 'negatives'] += 1;
    values.set(value, own);
  }
  if (values.size < 2) return undefined;
  let [positivesRight, negativesRight] = [0, 0];
  for (const own of values.values()) {
    if (own.positives + own.negatives < FILMS_PER_VALUE_MIN) {
      positivesRight += own.positives / 2;
      negativesRight += own.negatives / 2;
    } else if (own.positives / positives > own.negatives / negatives) positivesRight += own.positives;
    else negativesRight += own.negatives;
  }
  const separation = (positivesRight / positives + negativesRight / negatives) / 2;
  if (separation < MUCH) return undefined;
  const most = (kind: 'positives' | 'negatives'): string => [...values.values()].reduce((a, b) => (b[kind] > a[kind] ? b : a)).value;
  return { source, separation, severity: separation >= ALL ? 'all' : 'much', positivesMostlyFrom: most('positives'), negativesMostlyFrom: most('negatives') };
}
