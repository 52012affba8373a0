/**
 * The same bytes under two names are one film: counted twice they would make any interval narrower than it is. Only of
 * single files: studies may share an image. PURE.
 */
import type { LabelledCase } from './match-films.ts';
import type { StoredScore } from './score-store.ts';

/** Why a case is not counted; undefined where it is. */
export function findCopies(cases: readonly LabelledCase[], scores: ReadonlyMap<string, StoredScore>): (one: LabelledCase) => string | undefined {
  const contents = firstByContent(cases, scores);
  return (one) => {
    const twin = one.files.map((file) => contents.get(scores.get(file)?.sha256 ?? '')).find((each) => each !== undefined && (each.first !== one || each.contradicted));
    if (twin === undefined) return undefined;
    return twin.contradicted ? `the same bytes as ${twin.names.filter((each) => each !== one.name).join(', ')}, labelled the other way` : `the same bytes as ${twin.first.name}: counted once`;
  };
}

interface Content {
  readonly first: LabelledCase;
  readonly names: string[];
  contradicted: boolean;
}

function firstByContent(cases: readonly LabelledCase[], scores: ReadonlyMap<string, StoredScore>): ReadonlyMap<string, Content> {
  const contents = new Map<string, Content>();
  for (const one of cases) {
    const score = one.files.length === 1 ? scores.get(one.files[0]!) : undefined;
    if (score === undefined || score.outcome === 'unreadable') continue;
    const known = contents.get(score.sha256);
    if (known === undefined) contents.set(score.sha256, { first: one, names: [one.name], contradicted: false });
    else {
      known.names.push(one.name);
      known.contradicted ||= known.first.row.positive !== one.row.positive;
    }
  }
  return contents;
}
