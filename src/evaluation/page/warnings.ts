/** What a reader of the figures must be told before reading them: shortcuts, few films, a missing class. PURE. */
import type { Evaluation } from '../evaluation.ts';
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
  const warnings = shortcutWarnings(evaluation);
  if (scored.positiveCount === 0 || negativeCount === 0) {
    warnings.push({ severity: 'loud', title: `There is no ${scored.positiveCount === 0 ? 'positive' : 'negative'} film among those that were scored`, text: 'AUC and half of the figures need both classes.' });
  } else if (Math.min(scored.positiveCount, negativeCount) < CLASS_COUNT_MIN) {
    warnings.push({ severity: 'plain', title: `Only ${scored.positiveCount} positive and ${negativeCount} negative films`, text: 'The intervals are wide. What can be counted on is their worse end, not the figure in front.' });
  }
  const lost = unreadable.length / Math.max(1, unreadable.length + scored.filmCount);
  if (lost > 0.05) warnings.push({ severity: 'plain', title: `${unreadable.length} films could not be read`, text: 'They are in none of the figures. If one class is damaged more often than the other, the figures are askew.' });
  return warnings;
}

function shortcutWarnings({ shortcuts }: Evaluation): Warning[] {
  return shortcuts.map((s) => s.severity === 'all'
    ? {
        severity: 'loud',
        title: `These figures may say little: the ${s.source} alone tells the classes apart`,
        text: `Positive films come from “${s.positivesMostlyFrom}”, negative ones from “${s.negativesMostlyFrom}”. Unless both were made in the same hospital with the same devices, a model can score well here by telling the source and not the disease. Measure on films of one source that holds both classes.`,
      }
    : {
        severity: 'plain',
        title: `The ${s.source} tells much about the class`,
        text: `Guessing by it alone puts ${Math.round(s.separation * 100)} % of the films right (50 % would be chance): positive films mostly from “${s.positivesMostlyFrom}”, negative ones from “${s.negativesMostlyFrom}”. Some of what is measured here may be the source.`,
      });
}
