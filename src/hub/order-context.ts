/**
 * What raises a study besides the models, judged at intake: STAT by calling or called AE title or by the order's own
 * attribute, inpatient by the device, age from the header. Pure.
 */
import type { InstanceHeader, InstanceOrigin, OrderContext } from '../study/types.ts';

export interface OrderRules {
  readonly statCallingAeTitles: readonly string[];
  readonly statCalledAeTitles: readonly string[];
  readonly inpatientCallingAeTitles: readonly string[];
}

/** Requested Procedure Priority (0040,1003), PS3.3 C.4.11: STAT and HIGH come before the others. */
const STAT_PRIORITIES = new Set(['STAT', 'HIGH']);

export function orderContext(header: InstanceHeader, origin: InstanceOrigin, rules: OrderRules): OrderContext {
  const calling = origin.callingAeTitle.trim();
  const called = origin.calledAeTitle.trim();
  const requested = header.requestedProcedurePriority?.toUpperCase();
  const statSource =
    rules.statCallingAeTitles.includes(calling) ? `device ${calling}`
    : rules.statCalledAeTitles.includes(called) ? `sent to ${called}`
    : requested !== undefined && STAT_PRIORITIES.has(requested) ? `order priority ${requested}`
    : undefined;
  return {
    stat: statSource !== undefined,
    ...(statSource === undefined ? {} : { statSource }),
    inpatient: rules.inpatientCallingAeTitles.includes(calling),
    ...(header.patientAgeYears === undefined ? {} : { patientAgeYears: header.patientAgeYears }),
  };
}
