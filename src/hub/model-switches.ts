/**
 * Families that the site has switched off, and on again: a setting in the registry, so it survives restarts; with the
 * last switches and their reasons. What it does to answers is in study/switched-off.ts. Switching on asks again about
 * every study still on the list that missed the answer, through a crash and a full disk; flags given before the switch
 * stay throughout.
 */
import type { FamilyBoard, FamilySwitch, Notice } from '../api/operations-port.ts';
import type { Registry } from '../registry/registry.ts';
import { imagesToAskAgain, withholdFamilies } from '../study/switched-off.ts';
import type { AnalysisOutcome, FindingFamily } from '../study/types.ts';
import type { StudyEngine } from './study-engine.ts';

const KEPT_AS = (family: FindingFamily): string => `family-switches ${family}`;
const SWITCHES_KEPT_MAX = 20;
/** The moment of the switch after which everything was asked again; another one: that is still to be done. */
const ASKED_AS = (family: FindingFamily): string => `family-asked-again ${family}`;
/** Studies looked at in one bite: the event loop breathes in between. */
const BITE = 50;
export const FAMILIES: readonly FindingFamily[] = ['tuberculosis', 'lung nodule'];

export interface ModelSwitchParts {
  readonly registry: Pick<Registry, 'setting' | 'setSetting' | 'openStudyUids' | 'notAssessedAmong' | 'study' | 'commitSoon'>;
  readonly engine: () => Pick<StudyEngine, 'applySoon'>;
  /** After a switch is on the disk. */
  readonly onSwitched: (family: FindingFamily, to: FamilySwitch) => void;
  /** Asking again was cut short; `askWhatIsDue` goes on with it. */
  readonly onTrouble: (error: unknown) => void;
}

export interface ModelSwitches {
  isOn(family: FindingFamily): boolean;
  board(family: FindingFamily): FamilyBoard;
  notices(): readonly Notice[];
  /** 'unchanged' where it stood so already. */
  change(family: FindingFamily, to: FamilySwitch): 'done' | 'unchanged';
  /** What is left of an answer. */
  withhold(outcome: AnalysisOutcome): AnalysisOutcome;
  /** Goes on with what a crash or a full disk cut short. At start, and now and then. */
  askWhatIsDue(): void;
  /** Resolves when nothing is being asked again. */
  settled(): Promise<void>;
  /** What is left is asked after the next start. */
  stop(): Promise<void>;
}

const lastSwitches = (registry: Pick<Registry, 'setting'>, family: FindingFamily): readonly FamilySwitch[] => (registry.setting(KEPT_AS(family)) as readonly FamilySwitch[] | undefined) ?? [];

/** What everybody must know of the switches, by each family's latest. */
const noticesOf = (switchesOf: (family: FindingFamily) => readonly FamilySwitch[]): readonly Notice[] =>
  FAMILIES.flatMap((family): Notice[] => {
    const [last] = switchesOf(family);
    return last === undefined || last.on ? [] : [{ kind: 'family-off', family, ...last }];
  });

/** The same for a command beside the hub. */
export const readNotices = (registry: Pick<Registry, 'setting'>): readonly Notice[] => noticesOf((family) => lastSwitches(registry, family));

export function createModelSwitches({ registry, engine, onSwitched, onTrouble }: ModelSwitchParts): ModelSwitches {
  const switches = new Map<FindingFamily, readonly FamilySwitch[]>(
    FAMILIES.map((family) => [family, lastSwitches(registry, family)]),
  );
  let asking: Promise<void> | undefined;
  let stopped = false;

  const last = (family: FindingFamily): FamilySwitch | undefined => switches.get(family)?.[0];
  const isOn = (family: FindingFamily): boolean => last(family)?.on ?? true;
  const off = (): ReadonlySet<FindingFamily> => new Set(FAMILIES.filter((family) => !isOn(family)));

  const isDue = (family: FindingFamily): boolean => isOn(family) && last(family) !== undefined && registry.setting(ASKED_AS(family)) !== last(family)?.atMs;

  /** Studies that were read meanwhile are left alone. */
  async function askAgain(family: FindingFamily, { atMs, by }: FamilySwitch): Promise<void> {
    // Answers that were withheld a moment ago are on their way to the disk: behind them, none is overlooked.
    await registry.commitSoon(() => undefined);
    const open = registry.openStudyUids();
    for (let at = 0; at < open.length; at += BITE) {
      // Switched off again meanwhile: the rest would only be withheld once more.
      if (stopped || !isOn(family)) return;
      const missing = registry.notAssessedAmong('model-off', open.slice(at, at + BITE)).flatMap((uid) => registry.study(uid) ?? []);
      const waiting = missing.filter(({ readAtMs, closedAtMs }) => readAtMs === undefined && closedAtMs === undefined);
      await Promise.all(waiting.flatMap((study) => imagesToAskAgain(study, family).map(({ sopInstanceUid, contentSha256 }) =>
        engine().applySoon(study.studyInstanceUid, { kind: 'retried', sopInstanceUid, contentSha256, by }))));
      await new Promise((resolve) => setImmediate(resolve));
    }
    registry.setSetting(ASKED_AS(family), atMs, by, atMs);
  }

  async function askAll(): Promise<void> {
    for (let family = FAMILIES.find(isDue); family !== undefined && !stopped; family = FAMILIES.find(isDue)) await askAgain(family, last(family)!);
  }

  function askWhatIsDue(): void {
    if (!stopped) asking ??= askAll().catch(onTrouble).finally(() => (asking = undefined));
  }

  return {
    isOn,
    board: (family) => ({ family, on: isOn(family), switches: switches.get(family) ?? [] }),
    notices: () => noticesOf((family) => switches.get(family) ?? []),
    change(family, to) {
      if (isOn(family) === to.on) return 'unchanged';
      const kept = [to, ...(switches.get(family) ?? [])].slice(0, SWITCHES_KEPT_MAX);
      registry.setSetting(KEPT_AS(family), kept, to.by, to.atMs);
      switches.set(family, kept);
      onSwitched(family, to);
      askWhatIsDue();
      return 'done';
    },
    withhold: (outcome) => withholdFamilies(outcome, off()),
    askWhatIsDue,
    settled: async () => asking,
    async stop() {
      stopped = true;
      await asking;
    },
  };
}
