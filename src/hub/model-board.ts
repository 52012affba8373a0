/** The site's models as the operations page shows them: one entry a file, with its families, switches and readiness. */
import type { BoardModel, FamilyBoard, ModelCard, OpenedCardPicture } from '../api/operations-port.ts';
import type { FindingFamily } from '../study/types.ts';
import type { Language } from '../study/wording.ts';
import { hasModelCard, readCardPicture, readModelCard } from './model-cards.ts';
import { FAMILIES } from './model-switches.ts';
import type { ModelSwitches } from './model-switches.ts';
import type { CurrentSiteModels, ModelOnDisk } from './site-models.ts';

export interface ModelBoardParts {
  readonly models: Pick<CurrentSiteModels, 'models' | 'onDisk' | 'problem'>;
  readonly switches: ModelSwitches;
  /** Why no worker has the models loaded; undefined where one has. */
  readonly whyNotReady: () => string | undefined;
}

export interface ModelBoard {
  list(): Promise<{ readonly models: readonly BoardModel[]; readonly families: readonly FamilyBoard[] }>;
  card(sha256: string, language: Language): Promise<ModelCard | undefined>;
  picture(sha256: string, name: string): Promise<OpenedCardPicture | undefined>;
}

export function createModelBoard({ models, switches, whyNotReady }: ModelBoardParts): ModelBoard {
  const find = (sha256: string): ModelOnDisk | undefined => models.onDisk.find((one) => one.sha256 === sha256);
  /** Those that are off stay in sight even while their model cannot be read. */
  const families = (): readonly FindingFamily[] => FAMILIES.filter((family) => !switches.isOn(family) || models.models.some((one) => !one.shadow && one.family === family));

  async function describe(one: ModelOnDisk): Promise<BoardModel> {
    const problem = whyNotReady();
    const answered = models.models
      .filter(({ sha256, name }) => sha256 === one.sha256 && name === one.name)
      .map(({ family, threshold, thresholdOrigin, siteThreshold, thresholdRemark, shadow }) => ({
        family, threshold, thresholdOrigin,
        ...(siteThreshold === undefined ? {} : { siteThreshold }),
        ...(thresholdRemark === undefined ? {} : { thresholdRemark }),
        on: shadow || switches.isOn(family),
      }));
    const { path, ...shown } = one;
    return { ...shown, families: answered, hasCard: await hasModelCard(path), ready: problem === undefined, ...(problem === undefined ? {} : { whyNotReady: problem }) };
  }

  return {
    async list() {
      return { models: await Promise.all(models.onDisk.map(describe)), families: families().map((family) => switches.board(family)) };
    },
    async card(sha256, language) {
      const one = find(sha256);
      return one && readModelCard(one.path, language);
    },
    async picture(sha256, name) {
      const one = find(sha256);
      return one && readCardPicture(one.path, name);
    },
  };
}
