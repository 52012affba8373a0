/** What a technologist types into a device that is to send here. */
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../api/may-listen.ts';
import type { SenderCard } from '../api/operations-port.ts';
import type { Config } from '../config/config.ts';

const ADDRESSES_MAX = 8;
const EVERYWHERE: readonly string[] = ['0.0.0.0', '::', ''];

type Settings = Pick<Config, 'aeTitle' | 'dicomHost' | 'dicomTlsCertificate' | 'dicomTlsClientCa' | 'callingAeTitles' | 'acceptAnyCalledAeTitle'>;

export function senderCard(config: Settings, port: number, addressesOfThisMachine: () => readonly string[] = ownAddresses): SenderCard {
  const { dicomHost } = config;
  return {
    aeTitle: config.aeTitle,
    addresses: isLoopback(dicomHost) ? [] : EVERYWHERE.includes(dicomHost) ? addressesOfThisMachine().slice(0, ADDRESSES_MAX) : [dicomHost],
    port,
    tls: config.dicomTlsCertificate === '' ? 'off' : config.dicomTlsClientCa === '' ? 'on' : 'with-client-certificate',
    anyDevice: config.callingAeTitles.length === 0,
    anyCalledAeTitle: config.acceptAnyCalledAeTitle,
  };
}

/** IPv4 first, as devices want it; link-local IPv6 addresses mean nothing on another machine. */
function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []).filter(({ internal, address }) => !internal && !address.startsWith('fe80'));
  return all.toSorted((a, b) => a.family.localeCompare(b.family)).map(({ address }) => address);
}
