/** The site's waiting caps, in minutes a class. */
import type { Config } from '../config/config.ts';
import type { WaitingCaps } from '../study/worklist-order.ts';

export const waitingCaps = (config: Config): WaitingCaps => ({
  critical: config.waitCapCriticalMinutes,
  urgent: config.waitCapUrgentMinutes,
  undetermined: config.waitCapUndeterminedMinutes,
  routine: config.waitCapRoutineMinutes,
});
