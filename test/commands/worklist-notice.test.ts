/** `firstread worklist` says above the table what the page says above its list: which family of findings is switched off. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeNotice, run } from '../../src/commands/worklist.ts';
import { createModelSwitches } from '../../src/hub/model-switches.ts';
import { openRegistry } from '../../src/registry/registry.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'firstread-notice-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const AT_MS = Date.UTC(2026, 10, 21, 9, 30);
async function switched(on: boolean): Promise<void> {
  const registry = openRegistry(join(data, 'registry.sqlite'));
  const switches = createModelSwitches({ registry, engine: () => ({ applySoon: async () => undefined }), onSwitched: () => undefined, onTrouble: (error) => { throw error; } });
  switches.change('tuberculosis', { on, atMs: AT_MS, by: 'lan', reason: 'flags \u001b[31meverything' });
  await switches.stop();
  registry.close();
}

async function worklist(...argv: string[]): Promise<{ stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') => new Writable({ write(chunk, _encoding, done) { said[name] += String(chunk); done(); } });
  expect(await run([...argv, '--data', data], { stdout: into('stdout'), stderr: into('stderr') })).toBe(0);
  return said;
}

test('above the table; with --json beside it, so that the array stays one; gone when it is on again', async () => {
  await switched(false);
  const notice = 'Tuberculosis analysis is switched off since 2026-11-21 09:30 UTC by lan: flags [31meverything. New studies are not raised for it; flags given before stay.\n';
  expect(await worklist()).toEqual({ stdout: `${notice}The worklist is empty.\n`, stderr: '' });
  expect(await worklist('--json')).toEqual({ stdout: '[]\n', stderr: notice });
  await switched(true);
  expect((await worklist()).stdout).toBe('The worklist is empty.\n');
});

test('in the words of the page', async () => {
  const { default: words } = (await import(fileURLToPath(new URL('../../src/api/web/strings/operations-en.js', import.meta.url)))) as { default: Record<string, string> };
  const said = describeNotice({ kind: 'family-off', on: false, family: 'lung nodule', atMs: AT_MS, by: 'lan', reason: 'why' });
  expect(said).toBe(words['notice.family-off']!.replace('{family}', 'Lung nodule').replace('{time}', '2026-11-21 09:30 UTC').replace('{who}', 'lan').replace('{reason}', 'why'));
});
