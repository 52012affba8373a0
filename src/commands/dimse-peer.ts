/** HOST:PORT and AE titles on a command line. */
import { isAeTitle } from '../config/destinations.ts';
import { FirstreadError } from '../errors.ts';

export const DIMSE_PEER_OPTIONS = { called: { type: 'string' }, calling: { type: 'string' } } as const;

export interface DimsePeer {
  readonly host: string;
  readonly port: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
}

export function parsePeer(address: string | undefined, titles: { called?: string | undefined; calling?: string | undefined }, ownAeTitle: string): DimsePeer {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address ?? '');
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65535) throw new FirstreadError('usage', 'the first argument is the peer as HOST:PORT');
  for (const title of [titles.called, titles.calling]) {
    if (title !== undefined && !isAeTitle(title)) throw new FirstreadError('usage', `${JSON.stringify(title)} is no AE title (1–16 characters)`);
  }
  return { host: (match[1] ?? match[2]) as string, port, calledAeTitle: titles.called ?? 'ANY-SCP', callingAeTitle: titles.calling ?? ownAeTitle };
}
