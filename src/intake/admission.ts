/**
 * Who may associate and what may be stored: pure policy, decided before a byte is kept. Associations are refused with
 * A-ASSOCIATE-RJ (PS3.8 §9.3.4), objects with a C-STORE status (PS3.7 §9.1.1.1.9).
 * Left out: TLS, ceilings on associations (the listener's), what a study is worth (study/eligibility).
 */
import { isPrivateUid, isStandardStorage } from '../dimse/negotiation-policy.ts';
import type { ErrorCode } from '../errors.ts';

/** One device that may call. Without `remoteAddresses` it may call from anywhere. */
export interface CallingDevice {
  readonly aeTitle: string;
  readonly remoteAddresses?: readonly string[];
}

export interface AdmissionPolicy {
  /** `any`: open; a list: these only. */
  readonly callingDevices: 'any' | readonly CallingDevice[];
  /** AE titles we answer to; `any` accepts whatever the modality was told to call. */
  readonly calledAeTitles: 'any' | readonly string[];
  /** Storage SOP classes of the standard, retired ones included, are always taken; private ones where this is true. */
  readonly acceptPrivateSopClasses: boolean;
}

export const OPEN_ADMISSION: AdmissionPolicy = { callingDevices: 'any', calledAeTitles: 'any', acceptPrivateSopClasses: true };

/** A-ASSOCIATE-RJ fields, PS3.8 Table 9-21: result 1 rejected-permanent, source 1 DICOM UL service-user. */
export interface AssociationRefusal {
  readonly code: 'calling-ae-unknown' | 'called-ae-unknown' | 'address-not-allowed';
  readonly result: 1;
  readonly source: 1;
  /** 3 calling-AE-title-not-recognized, 7 called-AE-title-not-recognized. */
  readonly reason: 3 | 7;
}

export interface AssociationCall {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
}

/** Undefined where the caller is welcome. AE titles compare without leading and trailing spaces (PS3.5 §6.2). */
export function refuseAssociation(policy: AdmissionPolicy, call: AssociationCall): AssociationRefusal | undefined {
  const called = call.calledAeTitle.trim();
  if (policy.calledAeTitles !== 'any' && !policy.calledAeTitles.includes(called)) {
    return { code: 'called-ae-unknown', result: 1, source: 1, reason: 7 };
  }
  if (policy.callingDevices === 'any') return undefined;
  const calling = call.callingAeTitle.trim();
  const devices = policy.callingDevices.filter((device) => device.aeTitle === calling);
  if (devices.length === 0) return { code: 'calling-ae-unknown', result: 1, source: 1, reason: 3 };
  const address = plainAddress(call.remoteAddress);
  const fromHere = devices.some((device) => device.remoteAddresses === undefined || device.remoteAddresses.some((each) => plainAddress(each) === address));
  return fromHere ? undefined : { code: 'address-not-allowed', result: 1, source: 1, reason: 3 };
}

/** "::ffff:10.0.0.5" is how a dual-stack socket writes 10.0.0.5. */
export function plainAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}

/** May objects of this class be stored here? Also the listener's question for each presentation context. */
export function admitsSopClass(policy: AdmissionPolicy, sopClassUid: string): boolean {
  if (!isUidLike(sopClassUid)) return false;
  return isPrivateUid(sopClassUid) ? policy.acceptPrivateSopClasses : isStandardStorage(sopClassUid);
}

/** Undefined where an object so announced may come. */
export function refuseObject(policy: AdmissionPolicy, sopClassUid: string, sopInstanceUid: string): ErrorCode | undefined {
  if (!admitsSopClass(policy, sopClassUid)) return 'sop-class-refused';
  if (!isUidLike(sopInstanceUid)) return 'sop-instance-invalid';
  return undefined;
}

/**
 * Looser than PS3.5 §9.1 on purpose: devices that write leading zeros in a component exist, and their images count as
 * much. The string is only ever hashed, compared and shown.
 */
function isUidLike(uid: string): boolean {
  return uid.length <= 64 && /^[0-9]+(\.[0-9]+)+$/.test(uid);
}
