/**
 * Families that the site has switched off, and on again: a setting in the registry, so it survives restarts; with the
 * last switches and their reasons. What it does to answers is in study/switched-off.ts. Switching on asks again about
 * every study still on the list that missed the answer; flags given before the switch stay throughout.
 */
import type { FamilyBoard, FamilySwitch, Notice } from '../api/operations-port.ts';
import type { Registry } from '../registry/registry.ts';
import { imagesToAskAgain, withholdFamilies } from '../study/switched-off.ts';
import type { AnalysisOutcome, FindingFamily } from '../study/types.ts';
import type { StudyEngine } from './study-engine.ts';

const KEPT_AS = (family: FindingFamily): string => `family-switches ${family}`;
const SWITCHES_KEPT_MAX = 20;
/** Studies asked again in one bite: the event loop breathes in between. */
const BITE = 20;
export const FAMILIES: readonly FindingFamily[] = ['tuberculosis', 'lung nodule'];

export interface ModelSwitchParts {
  readonly registry: Pick<Registry, 'setting' | 'setSetting' | 'notAssessedFor' | 'study'>;
  readonly engine: () => Pick<StudyEngine, 'apply'>;
  /** After a switch is on the disk. */
  readonly onSwitched: (family: FindingFamily, to: FamilySwitch) => void;
}

export interface ModelSwitches {
  isOn(family: FindingFamily): boolean;
  board(family: FindingFamily): FamilyBoard;
  notices(): readonly Notice[];
  /** 'unchanged' where it stood so already. */
  change(family: FindingFamily, to: FamilySwitch): 'done' | 'unchanged';
  /** What is left of an answer. */
  withhold(outcome: AnalysisOutcome): AnalysisOutcome;
  /** Resolves when nothing is being asked again. */
  settled(): Promise<void>;
}

export function createModelSwitches({ registry, engine, onSwitched }: ModelSwitchParts): ModelSwitches {
  const switches = new Map<FindingFamily, readonly FamilySwitch[]>(
    FAMILIES.map((family) => [family, (registry.setting(KEPT_AS(family)) as readonly FamilySwitch[] | undefined) ?? []]),
  );
  let asking: Promise<void> = Promise.resolve();

  const last = (family: FindingFamily): FamilySwitch | undefined => switches.get(family)?.[0];
  const isOn = (family: FindingFamily): boolean => last(family)?.on ?? true;
  const off = (): ReadonlySet<FindingFamily> => new Set(FAMILIES.filter((family) => !isOn(family)));

  /** Studies that were read meanwhile are left alone. */
  async function askAgain(family: FindingFamily, by: string): Promise<void> {
    const studies = registry.notAssessedFor('model-off');
    for (const [at, studyInstanceUid] of studies.entries()) {
      // Switched off again meanwhile: the rest would only be withheld once more.
      if (!isOn(family)) return;
      const study = registry.study(studyInstanceUid);
      for (const { sopInstanceUid, contentSha256 } of study === undefined ? [] : imagesToAskAgain(study, family)) {
        engine().apply(studyInstanceUid, { kind: 'retried', sopInstanceUid, contentSha256, by });
      }
      if (at % BITE === BITE - 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  return {
    isOn,
    board: (family) => ({ family, on: isOn(family), switches: switches.get(family) ?? [] }),
    notices: () => FAMILIES.flatMap((family): Notice[] => (isOn(family) ? [] : [{ kind: 'family-off', family, ...last(family)! }])),
    change(family, to) {
      if (isOn(family) === to.on) return 'unchanged';
      const kept = [to, ...(switches.get(family) ?? [])].slice(0, SWITCHES_KEPT_MAX);
      registry.setSetting(KEPT_AS(family), kept, to.by, to.atMs);
      switches.set(family, kept);
      onSwitched(family, to);
      if (to.on) asking = asking.then(() => askAgain(family, to.by)).catch(() => undefined);
      return 'done';
    },
    withhold: (outcome) => withholdFamilies(outcome, off()),
    settled: () => asking,
  };
}
