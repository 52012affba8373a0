/**
 * What a reader of the figures must be told before reading them: labels the wrong way round, shortcuts, few films, a
 * missing class. PURE.
 */
import type { Evaluation } from '../evaluation.ts';
import type { Shortcut } from '../shortcuts.ts';
import { auc as aucFigure } from './figures.ts';
import type { EvaluationRun } from './run-facts.ts';

export interface Warning {
  readonly severity: 'loud' | 'plain';
  readonly title: string;
  readonly text: string;
}

/** With fewer of a class the intervals are so wide that little is decided. */
const CLASS_COUNT_MIN = 30;

export function warningsOf({ evaluation, unreadable }: Pick<EvaluationRun, 'evaluation' | 'unreadable'>): Warning[] {
  const { scored } = evaluation;
  const negativeCount = scored.filmCount - scored.positiveCount;
  const warnings = [...directionWarnings(evaluation), ...shortcutWarnings(evaluation)];
  if (scored.positiveCount === 0 || negativeCount === 0) {
    warnings.push({ severity: 'loud', title: `There is no ${scored.positiveCount === 0 ? 'positive' : 'negative'} film among those that were scored`, text: 'AUC and half of the figures need both classes.' });
  } else if (Math.min(scored.positiveCount, negativeCount) < CLASS_COUNT_MIN) {
    warnings.push({ severity: 'plain', title: `Only ${scored.positiveCount} positive and ${negativeCount} negative films`, text: 'The intervals are wide. What can be counted on is their worse end, not the figure in front.' });
  }
  const lost = unreadable.length / Math.max(1, unreadable.length + scored.filmCount);
  if (lost > 0.05) warnings.push({ severity: 'plain', title: `${unreadable.length} films could not be read`, text: 'They are in none of the figures. If one class is damaged more often than the other, the figures are askew.' });
  return warnings;
}

/** Worse than chance, and certainly so: hardly a bad model, which would be at chance. */
function directionWarnings({ scored: { auc } }: Evaluation): Warning[] {
  if (auc === undefined || auc.interval[1] >= 0.5) return [];
  return [{
    severity: 'loud',
    title: 'Higher scores go with negative films: something is the wrong way round',
    text: `The interval of the AUC ends at ${aucFigure(auc.interval[1])}, below 0.5, which is chance. Look at the labels first: does 1 mean ill in this table (--positive, --negative)? Then at the model: is "index" the label that is meant?`,
  }];
}

/** One warning for all facts that give the source away: they are mostly the same fact. */
function shortcutWarnings({ shortcuts }: Evaluation): Warning[] {
  const [all, much] = [shortcuts.filter((s) => s.severity === 'all'), shortcuts.filter((s) => s.severity === 'much')];
  return [
    ...(all.length === 0 ? [] : [{
      severity: 'loud' as const,
      title: `These figures may say little: the ${listOf(all.map((s) => s.source))} alone ${all.length === 1 ? 'tells' : 'tell'} the classes apart`,
      text: `${whence(all)} Unless both were made in the same hospital with the same devices, a model can score well here by telling the source and not the disease. Measure on films of one source that holds both classes.`,
    }]),
    ...(much.length === 0 ? [] : [{
      severity: 'plain' as const,
      title: `The ${listOf(much.map((s) => s.source))} ${much.length === 1 ? 'tells' : 'tell'} much about the class`,
      text: `Guessing by ${much.length === 1 ? 'it' : `the ${much[0]!.source}`} alone puts ${Math.round(much[0]!.separation * 100)} % of the films right (50 % would be chance). ${whence(much)} Some of what is measured here may be the source.`,
    }]),
  ];
}

const whence = (shortcuts: readonly Shortcut[]): string =>
  `Positive films mostly come from ${listOf(shortcuts.map((s) => `“${s.positivesMostlyFrom}”`))}, negative ones from ${listOf(shortcuts.map((s) => `“${s.negativesMostlyFrom}”`))}.`;

const listOf = (words: readonly string[]): string => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`);
