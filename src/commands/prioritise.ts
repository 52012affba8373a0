/** `firstread prioritise`: a person says STAT. Through the running hub, or directly where none runs. */
import { userInfo } from 'node:os';
import { FirstreadError } from '../errors.ts';
import { lockDataFolder, readHubAddress } from '../hub/data-folder.ts';
import type { HubAddress } from '../hub/data-folder.ts';
import { openRegistry } from '../registry/registry.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { siteFolder } from './site-folder.ts';

export const help = `usage: firstread prioritise ACCESSION|STUDY_INSTANCE_UID [--off] [--data DIR]

Marks a study as STAT: it is analysed first and stands higher on the worklist. --off makes it no longer STAT, also
where the order or the device had said so.
`;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { off: { type: 'boolean' } }, 1);
  const [wanted] = positionals;
  if (wanted === undefined) throw new FirstreadError('usage', 'name the study by its accession number or Study Instance UID');
  const folder = siteFolder(loaded);
  const stat = values.off !== true;
  const studyInstanceUid = findStudy(folder.registry, wanted);
  const hub = readHubAddress(folder);
  if (hub !== undefined) await askHub(hub, studyInstanceUid, stat);
  else {
    const lock = lockDataFolder(folder);
    const registry = openRegistry(folder.registry);
    try {
      registry.applyStudyEvent(studyInstanceUid, { kind: 'prioritised', stat, by: userInfo().username }, Date.now());
    } finally {
      registry.close();
      lock.release();
    }
  }
  io.stdout.write(`${wanted}: ${stat ? 'marked STAT' : 'no longer STAT'}\n`);
  return 0;
}

function findStudy(path: string, wanted: string): string {
  const registry = openRegistry(path, { readOnly: true });
  try {
    if (registry.study(wanted) !== undefined) return wanted;
    const found = registry.search(wanted, 100, Date.now()).filter(({ accessionNumber }) => accessionNumber === wanted);
    if (found.length === 1 && found[0] !== undefined) return found[0].studyInstanceUid;
    throw new FirstreadError('usage', found.length === 0 ? `no study has the accession number or Study Instance UID ${JSON.stringify(wanted)}` : `${found.length} studies have this accession number: name one by its Study Instance UID`);
  } finally {
    registry.close();
  }
}

async function askHub(hub: HubAddress, studyInstanceUid: string, stat: boolean): Promise<void> {
  const answer = await fetch(`${hub.httpUrl}/api/studies/${encodeURIComponent(studyInstanceUid)}/prioritise`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hub.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ stat }),
  }).catch((error: unknown) => {
    throw new FirstreadError('hub-unreachable', `the hub at ${hub.httpUrl} does not answer`, {}, error);
  });
  if (!answer.ok) throw new FirstreadError('hub-unreachable', `the hub refused: ${answer.status} ${await answer.text()}`);
}
