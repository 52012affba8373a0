/** What the page says around the figures: who measured what with what, when, and which films are not in them. */
import type { Evaluation } from '../evaluation.ts';
import type { ThresholdRow } from '../operating-points.ts';

export interface NamedModel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

export interface FilmNamed {
  readonly name: string;
  readonly reason: string;
  /** Undefined: nobody knows, the film is not in the table. */
  readonly positive?: boolean;
}

export interface EvaluationRun {
  readonly schema: 'firstread-evaluation/1';
  /** ISO 8601. */
  readonly madeAt: string;
  readonly firstreadVersion: string;
  readonly family: string;
  readonly model: NamedModel & { readonly status: string; readonly trainedOn: readonly string[]; readonly thresholdOrigin: string };
  readonly lungField?: NamedModel;
  readonly folders: readonly string[];
  readonly table: string;
  /** Which column of the table was taken for what. */
  readonly columns: Readonly<Record<string, string>>;
  readonly evaluation: Evaluation;
  /** At thresholds that were asked for. */
  readonly asked: readonly ThresholdRow[];
  /** At the threshold that this site chose (`firstread calibrate`), for some sexes and ages another one. */
  readonly site?: { readonly origin: string; readonly groups: readonly string[]; readonly at: ThresholdRow };
  readonly prevalence?: number;
  /** A setting: secondary captures are refused unless it is on. */
  readonly secondaryCaptureRead: boolean;
  readonly refused: readonly FilmNamed[];
  readonly unreadable: readonly FilmNamed[];
  readonly rowsLeftOut: readonly FilmNamed[];
  readonly filesWithoutRow: readonly string[];
  /** About the boxes and anything else that a reader of the figures must know. */
  readonly remarks: readonly string[];
}
