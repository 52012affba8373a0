/** A calibration as a person reads it: what was proposed, what it would have cost, for whom it holds, how far to trust it. */
import type { GroupReading, Proposal } from '../../evaluation/choose-threshold.ts';
import type { CrossValidated } from '../../evaluation/cross-validation.ts';
import type { Interval } from '../../evaluation/intervals.ts';
import { percent, percentOf, percentRange, percentWithRange } from '../../evaluation/page/figures.ts';
import type { ThresholdCost } from '../../evaluation/threshold-costs.ts';
import { formatTable } from '../command.ts';
import type { RowLeftOut } from '../labels-table.ts';

export interface CalibrationFacts {
  readonly model: string;
  readonly operatingPoint: string;
  readonly proposal: Proposal;
  readonly crossValidated: CrossValidated;
  readonly costs: readonly ThresholdCost[];
  readonly filmCount: number;
  readonly shipped: number;
  readonly leftOut: readonly RowLeftOut[];
  readonly remarks: readonly string[];
  /** By the scores of all films, without a look at the truth. */
  readonly choseBlindly: boolean;
}

const LEFT_OUT_SHOWN = 8;

export function describeCalibration(facts: CalibrationFacts): string {
  const { model, operatingPoint, proposal, crossValidated, costs, filmCount, shipped, remarks } = facts;
  const { caseCount, nonCaseCount, auc, aucInterval, thresholds, apparent: { sensitivity, specificity } } = proposal;
  const blocks = [
    `${model}: ${filmCount} films with truth, ${caseCount} patients with the disease and ${nonCaseCount} without. AUC ${auc.toFixed(3)} (${span(aucInterval)}).`,
    leftOutText(facts.leftOut),
    `${operatingPoint}: threshold ${thresholds.common}${thresholds.groups.length > 0 ? ', with numbers of their own for some groups' : ''} (the model's own: ${shipped})`,
    costTable(costs).trimEnd(),
    proposal.groups.length === 0 ? '' : groupTable(proposal.groups, thresholds.common).trimEnd(),
    facts.choseBlindly ? 'The threshold was chosen by the scores of all studies here, without the truth: what the table says of it was not chosen to look good.' : [
      'The threshold was chosen and judged on these same films, so the row "proposed" is a little too good. Each film judged',
      `by a threshold that was chosen without it (${crossValidated.folds}-fold, ${crossValidated.repeats} times):`,
      `  sensitivity ${percent(crossValidated.sensitivity, sensitivity.n)} (${percentRange(crossValidated.sensitivityInterval, sensitivity.n)}), specificity ${percent(crossValidated.specificity, specificity.n)} (${percentRange(crossValidated.specificityInterval, specificity.n)}), ${percent(crossValidated.flagged, filmCount)} flagged`,
    ].join('\n'),
    remarks.join('\n'),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n\n`;
}

function leftOutText(leftOut: readonly RowLeftOut[]): string {
  if (leftOut.length === 0) return '';
  const shown = leftOut.slice(0, LEFT_OUT_SHOWN).map(({ line, name, reason }) => `  line ${line}: ${name === `line ${line}` ? '' : `${name} `}${reason}`);
  const more = leftOut.length > LEFT_OUT_SHOWN ? [`  … and ${leftOut.length - LEFT_OUT_SHOWN} more (--json has them all)`] : [];
  return [`Rows left out: ${leftOut.length}`, ...shown, ...more].join('\n');
}

function costTable(costs: readonly ThresholdCost[]): string {
  return formatTable(
    ['threshold', '', 'sensitivity', 'specificity', 'cases missed', 'extra tests', 'tests per case found', 'flagged'],
    costs.map(({ name, at, missedCases, extraTests, testsPerCaseFound }) => [
      String(at.threshold),
      name,
      percentWithRange(at.sensitivity),
      percentWithRange(at.specificity),
      `${missedCases} of ${at.sensitivity.n}`,
      `${extraTests} of ${at.specificity.n}`,
      testsPerCaseFound === undefined ? 'none found' : testsPerCaseFound.toFixed(1),
      percentOf(at.flagged),
    ]),
    [9, 60, 26, 26, 18, 18, 20, 8],
  );
}

function groupTable(groups: readonly GroupReading[], common: number): string {
  return formatTable(
    ['group', 'threshold', 'cases', 'others', 'sensitivity', 'specificity', 'why the common one'],
    groups.map(({ label, threshold, caseCount, nonCaseCount, at, whyCommon }) => [
      label,
      threshold === undefined ? `${common} (common)` : String(threshold),
      String(caseCount),
      String(nonCaseCount),
      percentWithRange(at.sensitivity),
      percentWithRange(at.specificity),
      whyCommon ?? '',
    ]),
    [30, 16, 6, 6, 26, 26, 90],
  );
}

const span = ([low, high]: Interval): string => `${low.toFixed(3)}–${high.toFixed(3)}`;
