/** `firstread echo`: is there a DICOM peer, does it take us, how fast does it answer. */
import { FirstreadError } from '../errors.ts';
import { VERIFICATION_UID } from '../dimse/association.ts';
import { openAssociation } from '../dimse/scu.ts';
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { DIMSE_PEER_OPTIONS, parsePeer } from './dimse-peer.ts';

export const help = `usage: firstread echo HOST:PORT [--called AE] [--calling AE]

Checks a DICOM connection with C-ECHO: connection, association, answer. Exit code 0 when the peer answered 0000H.

  --called AE    application entity title to ask for: the peer's own (default ANY-SCP, which strict peers refuse)
  --calling AE   our own title (default: the setting aeTitle)
`;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, DIMSE_PEER_OPTIONS, 1);
  const peer = parsePeer(positionals[0], values, loaded.config.aeTitle);
  // Without --called the title is a placeholder: it is no name of whoever answers.
  const isNamed = values.called !== undefined;
  const where = `${isNamed ? `${peer.calledAeTitle} at ` : ''}${peer.host}:${peer.port}`;
  const asked = `called AE title: ${peer.calledAeTitle}${isNamed ? '' : ' (none was named: --called AE)'}; calling: ${peer.callingAeTitle}\n`;
  const startedAt = performance.now();
  try {
    const association = await openAssociation({
      ...peer,
      presentationContexts: [{ abstractSyntaxUid: VERIFICATION_UID, transferSyntaxUids: [IMPLICIT_VR_LITTLE_ENDIAN] }],
    });
    const status = await association.cEcho();
    await association.release();
    const took = Math.round(performance.now() - startedAt);
    const hex = `${status.toString(16).padStart(4, '0').toUpperCase()}H`;
    io.stdout.write(`${where} answered C-ECHO with ${hex} (${status === 0 ? 'success' : 'no success'}) in ${took} ms\n${asked}`);
    return status === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof FirstreadError)) throw error;
    io.stderr.write(`${where}: ${error.message}\n${error.code === 'peer-unreachable' ? '' : asked}`);
    return 1;
  }
}
