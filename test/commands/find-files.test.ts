/** Which files a folder stands for: everything below it, links followed and none in a circle, hidden files and dead links not. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findFiles } from '../../src/commands/find-files.ts';

test('links count, each folder once; what leads nowhere does not', async () => {
  const root = await mkdtemp(join(tmpdir(), 'firstread-find-'));
  const films = join(root, 'films');
  await mkdir(join(films, 'deep'), { recursive: true });
  await mkdir(join(root, 'archive'));
  await writeFile(join(root, 'archive', 'far.png'), 'far');
  await writeFile(join(films, 'deep', 'a.png'), 'a');
  await writeFile(join(films, '.hidden.png'), 'h');
  await symlink(join(root, 'archive', 'far.png'), join(films, 'link.png'));
  await symlink(join(root, 'nowhere.png'), join(films, 'dead.png'));
  await symlink(films, join(films, 'deep', 'round'));
  await symlink(join(root, 'archive'), join(films, 'year'));
  expect(findFiles([films])).toEqual([join(films, 'deep', 'a.png'), join(films, 'link.png'), join(films, 'year', 'far.png')]);
  expect(() => findFiles([join(root, 'none')])).toThrow(/there is no file or folder/);
  await rm(root, { recursive: true });
});
