/** A command that works on a site never makes one: without the hub's folder it says what to do, and leaves no folder behind. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Command } from '../../src/commands/command.ts';
import { FirstreadError } from '../../src/errors.ts';
import { openRegistry } from '../../src/registry/registry.ts';

const BIN = fileURLToPath(new URL('../../bin/firstread', import.meta.url));
let here: string;
beforeEach(() => {
  here = mkdtempSync(join(tmpdir(), 'firstread-nowhere-'));
  vi.spyOn(process, 'cwd').mockReturnValue(here);
  vi.stubEnv('FIRSTREAD_DATA', '');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(here, { recursive: true, force: true });
});

/** In this process, as main.ts would run it: what it refuses with, or undefined. */
async function refusalOf([name, ...argv]: readonly string[]): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const { run } = (await import(`../../src/commands/${name}.ts`)) as Command;
  try {
    await run(argv, { stdout: nowhere, stderr: nowhere });
    return undefined;
  } catch (error) {
    if (!(error instanceof FirstreadError)) throw error;
    return error.message;
  }
}

/** Every command that needs a site; `models`, `analyse`, `evaluate` and `calibrate` of a folder of films do without one. */
const NEED_A_SITE: readonly (readonly [string, ...string[]])[] = [
  ['user', 'add', 'an', '--role', 'reader'], ['user', 'list'], ['user', 'sessions'], ['token', 'add', '--role', 'worker'], ['token', 'list'],
  ['worklist'], ['deliveries'], ['deliveries', 'retry'], ['deliveries', 'drop', 'pacs', '--reason', 'gone for good'], ['prioritise', 'A1'], ['sign-in'],
  ['audit', 'verify'], ['audit', 'show', '--who', 'an'], ['worker'], ['models', 'compare', 'a', 'b'], ['calibrate', '--history'], ['calibrate', '--undo'],
];

test.each(NEED_A_SITE.map((argv) => [argv.join(' '), argv] as const))('%s: no folder named, none made', async (_what, argv) => {
  expect(await refusalOf(argv)).toBe(`no data folder was named, and there is no registry in ${join(here, 'firstread-data')}: name the hub's with --data DIR (or FIRSTREAD_DATA), or start \`firstread serve\` first`);
  expect(readdirSync(here)).toEqual([]);
});

describe('a folder that was named', () => {
  test('and is not there, or holds something else: refused, and left as it is', async () => {
    mkdirSync(join(here, 'films'));
    writeFileSync(join(here, 'films', 'film.dcm'), '');
    for (const argv of [['user', 'add', 'an'], ['token', 'add', '--role', 'worker'], ['worklist']]) {
      for (const folder of [join(here, 'typo'), join(here, 'films')]) {
        expect(await refusalOf([...argv, '--data', folder])).toBe(`there is no registry in ${folder}: name the hub's data folder with --data DIR, or start \`firstread serve --data ${folder}\` first`);
      }
    }
    for (const argv of [['models', 'list'], ['analyse', 'film.dcm']]) expect(await refusalOf([...argv, '--data', join(here, 'typo')])).toBe(`there is no folder ${join(here, 'typo')}; is --data right?`);
    expect([existsSync(join(here, 'typo')), readdirSync(join(here, 'films'))]).toEqual([false, ['film.dcm']]);
  });

  test('and is still empty, but for settings: the first user and token begin it, and it is said', async () => {
    const site = join(here, 'site');
    mkdirSync(site);
    writeFileSync(join(site, 'firstread.json'), '{}');
    const begun = spawnSync(BIN, ['user', 'add', 'an'], { encoding: 'utf8', input: 'một hai ba bốn năm\n', env: { ...process.env, FIRSTREAD_DATA: site } });
    expect(begun.stdout).toBe('an can sign in as reader\n');
    expect(begun.stderr).toContain(`no hub has run on ${site} yet: its registry is begun here, for \`firstread serve --data ${site}\`\n`);
    expect(await refusalOf(['token', 'add', '--role', 'worker', '--data', site])).toBeUndefined();
  });

  test('a wrong role or no name begins nothing', async () => {
    mkdirSync(join(here, 'site'));
    for (const argv of [['user', 'add', 'an', '--role', 'root'], ['user', 'add'], ['token', 'add'], ['token', 'add', '--role', 'worker', '--days', 'many']]) {
      expect(await refusalOf([...argv, '--data', join(here, 'site')])).toMatch(/--role is|name the user|number of days/);
    }
    expect(readdirSync(join(here, 'site'))).toEqual([]);
  });
});

test('the folder where a command stands, made by a hub, needs no name', async () => {
  mkdirSync(join(here, 'firstread-data'));
  openRegistry(join(here, 'firstread-data', 'registry.sqlite')).close();
  expect(await refusalOf(['user', 'list'])).toBeUndefined();
  expect(await refusalOf(['sign-in'])).toMatch(/no hub runs on .*firstread-data: start `firstread serve --data/);
});
