/**
 * Labelled cases and their scores → the films that evaluation/ measures, and by name the films that are not among them.
 * A case of several files (a study by its accession number) has the score of its highest image, as on the worklist.
 */
import { dirname, relative } from 'node:path';
import { ageBand } from '../../evaluation/sub-groups.ts';
import type { EvaluatedFilm } from '../../evaluation/evaluation.ts';
import type { Place } from '../../evaluation/froc.ts';
import type { FilmNamed } from '../../evaluation/page/run-facts.ts';
import { ageReason } from '../../study/eligibility.ts';
import type { AgeLimits } from '../../study/eligibility.ts';
import { judgingThresholds } from '../../study/site-threshold.ts';
import type { SiteThreshold } from '../../study/site-threshold.ts';
import type { LabelRow } from '../labels-table.ts';
import type { LabelledCase } from './match-films.ts';
import { findCopies } from './same-bytes.ts';
import type { StoredScore } from './score-store.ts';

export interface Gathering {
  readonly films: readonly EvaluatedFilm[];
  readonly refused: readonly FilmNamed[];
  readonly unreadable: readonly FilmNamed[];
  readonly leftOut: readonly FilmNamed[];
  readonly remarks: readonly string[];
}

export interface GatherOptions {
  readonly base: string;
  /** Columns of the table that sub-groups are made of, besides sex and age. */
  readonly by: readonly string[];
  readonly ageYears: AgeLimits | undefined;
  readonly siteThreshold?: SiteThreshold;
  /** True boxes by file; undefined where there is no such table. */
  readonly places?: ReadonlyMap<string, readonly Place[]>;
}

export function gatherFilms(cases: readonly LabelledCase[], scores: ReadonlyMap<string, StoredScore>, options: GatherOptions): Gathering {
  const films: EvaluatedFilm[] = [];
  const [refused, unreadable, leftOut]: FilmNamed[][] = [[], [], []];
  const remarks = new Map<string, number>();
  const copyOf = findCopies(cases, scores);
  for (const one of cases) {
    const { name, row: { positive } } = one;
    const found = one.files.flatMap((file) => scores.get(file) ?? []);
    const copy = copyOf(one);
    if (copy !== undefined) {
      leftOut!.push({ name, positive, reason: copy });
      continue;
    }
    const answer = answerOf(found, one.row, options.ageYears);
    if (answer.kind === 'unreadable') unreadable!.push({ name, positive, reason: answer.reason });
    else {
      if (answer.kind === 'refused') refused!.push({ name, positive, reason: answer.reason });
      films.push(toFilm(one, answer.kind === 'scored' ? answer.best : undefined, found[0]!, options, (remark) => void remarks.set(remark, (remarks.get(remark) ?? 0) + 1)));
    }
  }
  return { films, refused: refused!, unreadable: unreadable!, leftOut: leftOut!, remarks: [...remarks].map(([remark, count]) => `${count} ${count === 1 ? 'film' : 'films'} ${remark}`) };
}

type Answer = { readonly kind: 'scored'; readonly best: StoredScore } | { readonly kind: 'refused' | 'unreadable'; readonly reason: string };

function answerOf(found: readonly StoredScore[], row: LabelRow, limits: AgeLimits | undefined): Answer {
  const scored = found.filter((score) => score.outcome === 'scored');
  if (scored.length > 0) {
    const tableAge = refusedByTable(scored, row, limits);
    if (tableAge !== undefined) return { kind: 'refused', reason: tableAge };
    return { kind: 'scored', best: scored.reduce((a, b) => ((b.score ?? 0) > (a.score ?? 0) ? b : a)) };
  }
  const refused = found.find((score) => score.outcome === 'refused');
  if (refused !== undefined) return { kind: 'refused', reason: refused.reason?.text ?? '' };
  return { kind: 'unreadable', reason: found[0]?.reason?.text ?? 'not read' };
}

/** A bare picture does not know its patient's age; the table may. */
export function refusedByTable(scored: readonly StoredScore[], { ageYears }: LabelRow, limits: AgeLimits | undefined): string | undefined {
  const reason = scored.every(({ facts }) => facts.ageYears === undefined) ? ageReason(limits, ageYears) : undefined;
  return reason === undefined ? undefined : `${reason.text} (by the table)`;
}

function toFilm({ name, row, files }: LabelledCase, best: StoredScore | undefined, any: StoredScore, { base, by, places, siteThreshold }: GatherOptions, remark: (text: string) => void): EvaluatedFilm {
  const { facts } = best ?? any;
  const patient = row.patient ?? facts.patient;
  // What the header says is what the worker would have judged by.
  const sex = facts.sex ?? row.sex;
  const own = places === undefined || best === undefined || files.length > 1 ? undefined : placesOf(row.positive, places.get(files[0]!), facts, remark);
  const ageYears = facts.ageYears ?? row.ageYears;
  const judged = siteThreshold === undefined ? undefined : judgingThresholds([siteThreshold], { ...(ageYears === undefined ? {} : { patientAgeYears: ageYears }), ...(sex === undefined ? {} : { patientSex: sex }) })[0];
  return {
    name,
    positive: row.positive,
    ...(judged === undefined ? {} : { siteThreshold: judged.threshold }),
    ...(patient === undefined ? {} : { patient }),
    ...(best?.score === undefined ? {} : { score: best.score }),
    boxes: best?.boxes ?? [],
    ...(best?.hottest === undefined ? {} : { hottest: best.hottest }),
    ...(own === undefined ? {} : { places: own }),
    groups: { sex: sex === undefined ? undefined : ({ F: 'female', M: 'male', O: 'other' }[sex] ?? undefined), age: ageBand(ageYears), ...Object.fromEntries(by.map((column) => [column, row.values[column]])) },
    sources: {
      folder: relative(base, dirname(files[0]!)) || '.',
      'file format': facts.format,
      'picture size': facts.width === undefined ? undefined : `${facts.width} × ${facts.height}`,
      institution: facts.institution,
      device: facts.device,
      ...Object.fromEntries(Object.keys(row.values).filter(isSourceColumn).map((column) => [column, row.values[column]])),
    },
  };
}

const isSourceColumn = (column: string): boolean => /^(site|source|hospital|cent(er|re)|clinic|institution|device|scanner|manufacturer|machine|dataset|country)$/i.test(column.trim());

/** A positive film without boxes may have places that nobody marked: it says nothing here. */
function placesOf(positive: boolean, places: readonly Place[] | undefined, { width = Infinity, height = Infinity }: StoredScore['facts'], remark: (text: string) => void): readonly Place[] | undefined {
  if (places === undefined) {
    if (positive) remark('positive without a marked box: not in the figures about places');
    return positive ? undefined : [];
  }
  if (!positive) return void remark('labelled negative with a marked box: not in the figures about places');
  if (places.some((place) => place.x + place.width > width + 2 || place.y + place.height > height + 2)) return void remark('with a box that reaches outside it (another resolution?): not in the figures about places');
  return places;
}
