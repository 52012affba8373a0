/** Why an image could not be analysed, and what a person can do about it: by the codes of study/reasons.ts. */
import { reasonText } from '../reasons.js';
import { hasText, t } from '../strings.js';

/** Codes that ask for the same step. */
const SAME = {
  'data-set-damaged': 'pixels-damaged', 'decode-timeout': 'pixels-damaged', 'quarantined': 'retry', 'answer-mismatched': 'retry',
  'uid-in-other-study': 'conflict', 'uid-of-other-patient': 'conflict', 'study-of-other-patient': 'conflict',
};

export function adviceFor(reason) {
  const key = `advice.${SAME[reason.code] ?? reason.code}`;
  return { reason: reasonText(reason), advice: hasText(key) ? t(key) : t('advice.read') };
}
