/**
 * Whose data folder a command works on. Only `serve` and `demo` make one: anywhere else a wrong --data, or a forgotten one,
 * would quietly begin an empty site beside the real one, and a user added there could sign in nowhere.
 */
import { existsSync, readdirSync } from 'node:fs';
import type { LoadedConfig } from '../config/config.ts';
import { FirstreadError } from '../errors.ts';
import { dataFolder, makeDataFolder } from '../hub/data-folder.ts';
import type { DataFolder } from '../hub/data-folder.ts';
import type { CommandIo } from './command.ts';

/** The hub's data folder. @throws FirstreadError('config-invalid') where no hub has ever run. */
export function siteFolder(loaded: LoadedConfig): DataFolder {
  const folder = dataFolder(loaded.config.data);
  if (!existsSync(folder.registry)) throw noSite(loaded);
  return folder;
}

/**
 * The same, or one that is begun here: the first user and the first token may have to be there before `serve` is. Only a
 * folder that exists, was named, and is still empty; and it is said.
 */
export function siteFolderOrBegun(loaded: LoadedConfig, io: CommandIo): DataFolder {
  const folder = dataFolder(loaded.config.data);
  if (existsSync(folder.registry)) return folder;
  if (isDefault(loaded) || !existsSync(folder.root) || !isStillEmpty(folder.root)) throw noSite(loaded);
  makeDataFolder(folder);
  io.stderr.write(`no hub has run on ${folder.root} yet: its registry is begun here, for \`firstread serve --data ${folder.root}\`\n`);
  return folder;
}

/** Where a command reads what a site may have of its own (models, thresholds) and needs none: one that was named must be there. */
export function folderIfNamed(loaded: LoadedConfig): DataFolder {
  const folder = dataFolder(loaded.config.data);
  if (!isDefault(loaded) && !existsSync(folder.root)) throw new FirstreadError('config-invalid', `there is no folder ${folder.root}; is --data right?`);
  return folder;
}

const isDefault = ({ origins }: LoadedConfig): boolean => origins.data === 'default';

/** What may lie there before the first start: settings, the site's own models, a file system's own folder. */
const BEFORE_FIRST_START = new Set(['firstread.json', 'models', 'lost+found']);
const isStillEmpty = (root: string): boolean => readdirSync(root).every((name) => name.startsWith('.') || BEFORE_FIRST_START.has(name));

function noSite(loaded: LoadedConfig): FirstreadError {
  const { data } = loaded.config;
  return new FirstreadError('config-invalid', isDefault(loaded)
    ? `no data folder was named, and there is no registry in ${data}: name the hub's with --data DIR (or FIRSTREAD_DATA), or start \`firstread serve\` first`
    : `there is no registry in ${data}: name the hub's data folder with --data DIR, or start \`firstread serve --data ${data}\` first`);
}
