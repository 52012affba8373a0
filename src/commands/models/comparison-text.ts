/** A comparison of two models as a person reads it. */
import type { Discordance, FlagTable } from '../../evaluation/compare-models.ts';
import { formatTable, printable } from '../command.ts';
import type { ComparedModel, ComparisonReport } from './compare.ts';

export function describeComparison({ family, models, comparison, patientNames, truthLeftOut }: ComparisonReport): string {
  const [a, b] = models;
  const [nameA, nameB] = a.name === b.name ? [`${a.name} ${a.version}`, `${b.name} ${b.version}`] : [a.name, b.name];
  const { flags, flaggedShares: [shareA, shareB], workload, sameWorkload, truth } = comparison;
  const more = shareA === shareB ? 'Both flag as many' : `${shareB > shareA ? nameB : nameA} flags more`;
  const blocks = [
    `${comparison.filmCount} films scored by both, for ${family}:\n${[a, b].map((one) => `  ${aboutModel(one)}`).join('\n')}`,
    `Scores: correlation ${comparison.pearson.toFixed(2)}, of ranks ${comparison.spearman.toFixed(2)}`,
    flagTable(flags, nameA, nameB).trimEnd(),
    `${more}: ${percent(shareA)} against ${percent(shareB)} (by one alone: ${workload.onlyA} and ${workload.onlyB}; ${chance(workload)}). Agreement beyond chance: kappa ${comparison.kappa.toFixed(2)}.`,
    sameWorkload === undefined ? '' : `For the workload of ${nameA}, ${nameB} would flag from ${sameWorkload.threshold} on; kappa then ${sameWorkload.kappa.toFixed(2)} (${sameWorkload.flags.onlyA + sameWorkload.flags.onlyB} films differ).`,
    truth === undefined ? '' : [
      `With the truth of ${truth.caseCount} films of cases and ${truth.nonCaseCount} others:`,
      `  AUC ${truth.aucs[0].toFixed(3)} (${span(truth.aucIntervals[0])}) against ${truth.aucs[1].toFixed(3)} (${span(truth.aucIntervals[1])}); difference ${signed(truth.aucDifference)} (${signed(truth.aucDifferenceInterval[0])} to ${signed(truth.aucDifferenceInterval[1])}, ${truth.method})`,
      `  cases that only one flags: ${truth.cases.onlyA} and ${truth.cases.onlyB} (${chance(truth.cases)}); others: ${truth.others.onlyA} and ${truth.others.onlyB} (${chance(truth.others)})`,
      verdict(truth.aucDifferenceInterval, nameA, nameB),
    ].join('\n'),
    truthLeftOut.length === 0 ? '' : `${truthLeftOut.length} rows of the table were left out, the first: line ${truthLeftOut[0]?.line} ${truthLeftOut[0]?.reason} (--json has all)`,
    comparison.differences.length === 0 ? '' : `Where they differ most (share of all films by which its place in the order moves):\n${differenceTable(comparison.differences, nameA, nameB, patientNames).trimEnd()}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function aboutModel({ name, version, sha256, shadow, aloneCount, failureCount }: ComparedModel): string {
  const rest = [aloneCount === 0 ? '' : `${aloneCount} films more by it alone`, failureCount === 0 ? '' : `gave no answer on ${failureCount}`].filter((part) => part !== '').join(', ');
  return `${name} ${version} (${sha256.slice(0, 8)})${shadow ? ', in shadow' : ''}${rest === '' ? '' : `; ${rest}`}`;
}

const flagTable = ({ both, onlyA, onlyB, neither }: FlagTable, a: string, b: string): string =>
  formatTable(['', `${b} flags`, 'does not', 'in all'], [
    [`${a} flags`, String(both), String(onlyA), String(both + onlyA)],
    ['does not', String(onlyB), String(neither), String(onlyB + neither)],
    ['in all', String(both + onlyB), String(onlyA + neither), String(both + onlyA + onlyB + neither)],
  ]);

function differenceTable(differences: ComparisonReport['comparison']['differences'], a: string, b: string, names: ComparisonReport['patientNames']): string {
  const labelled = differences.some(({ positive }) => positive !== undefined);
  return formatTable(
    ['study', ...(names === undefined ? [] : ['patient']), a, b, 'moves by', ...(labelled ? ['truth'] : [])],
    differences.map(({ name, scores, flagged, rankDifference, positive }) => [
      name,
      ...(names === undefined ? [] : [printable(names[name] ?? '').replaceAll('^', ' ').trim()]),
      `${scores[0].toFixed(1)}${flagged[0] ? ' flagged' : ''}`,
      `${scores[1].toFixed(1)}${flagged[1] ? ' flagged' : ''}`,
      `${rankDifference > 0 ? '+' : ''}${(rankDifference * 100).toFixed(0)} %`,
      ...(labelled ? [positive === undefined ? '' : positive ? 'case' : 'no case'] : []),
    ]),
    [64, 30, 30, 30, 8, 8],
  );
}

function verdict([low, high]: readonly [number, number], a: string, b: string): string {
  if (low > 0) return `  ${b} tells cases from others better than ${a} on these films.`;
  return high < 0 ? `  ${a} tells cases from others better than ${b} on these films.` : '  Which of them tells cases from others better cannot be said from these films.';
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const span = ([low, high]: readonly [number, number]): string => `${low.toFixed(3)}–${high.toFixed(3)}`;
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
const chance = ({ p }: Discordance): string => (p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(p < 0.1 ? 3 : 2)}`);
