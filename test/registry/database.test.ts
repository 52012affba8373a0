import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { MIGRATIONS } from '../../src/registry/migrations.ts';
import { NOW_MS, ORDINARY, STUDY_UID } from '../study/sample-studies.ts';
import { image, opened, registryPath } from './registry-folder.ts';

const registryModule = fileURLToPath(new URL('../../src/registry/registry.ts', import.meta.url));

/** Another process with this registry open; `body` sees `registry`. */
function program(path: string, options: string, body: string): string[] {
  return ['--input-type=module', '--eval', `import { openRegistry } from ${JSON.stringify(registryModule)}; const registry = openRegistry(${JSON.stringify(path)}, ${options}); ${body}`];
}

function inOtherProcess(path: string, body: string): string {
  const run = spawnSync(process.execPath, program(path, '{ readOnly: true }', body), { encoding: 'utf8' });
  expect(run.stderr.replace(/.*ExperimentalWarning.*\n.*\n/, '')).toBe('');
  return run.stdout.trim();
}

const COUNT = 'console.log(registry.worklist({ nowMs: 0 }).openCount, registry.instancesOf(' + JSON.stringify(STUDY_UID) + ').length)';

describe('two processes', () => {
  test('a reader beside a running hub sees every commit', () => {
    const path = registryPath();
    const registry = opened(path);
    registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    expect(inOtherProcess(path, COUNT)).toBe('1 1');
    registry.recordInstance(image('1.2'), ORDINARY, NOW_MS);
    expect(inOtherProcess(path, COUNT)).toBe('1 2');
  });

  test('a reader after a clean stop', () => {
    const path = registryPath();
    const registry = opened(path);
    registry.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    registry.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(inOtherProcess(path, COUNT)).toBe('1 1');
  });

  test('a reader that stays open follows the hub, and its own writing is refused', () => {
    const path = registryPath();
    const hub = opened(path);
    hub.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    const reader = opened(path, { readOnly: true });
    expect(reader.study(STUDY_UID)?.instances).toHaveLength(1);
    hub.recordInstance(image('1.2'), ORDINARY, NOW_MS);
    expect(reader.study(STUDY_UID)?.instances).toHaveLength(2);
    expect(() => reader.recordInstance(image('1.3'), ORDINARY, NOW_MS)).toThrow();
    expect(hub.instancesOf(STUDY_UID)).toHaveLength(2);
  });

  test('a second writer is noticed: what was kept in memory is read again', () => {
    const path = registryPath();
    const one = opened(path);
    const two = opened(path);
    one.recordInstance(image('1.1'), ORDINARY, NOW_MS);
    expect(two.study(STUDY_UID)?.instances).toHaveLength(1);
    two.recordInstance(image('1.2'), ORDINARY, NOW_MS);
    expect(one.recordInstance(image('1.3'), ORDINARY, NOW_MS).study.instances).toHaveLength(3);
  });
});

describe('killed', () => {
  test('with -9 while writing: everything that was answered is there, and the file is sound', async () => {
    const path = registryPath();
    const body = `
      const header = (uid) => ({ ...${JSON.stringify(image('1.1').header)}, sopInstanceUid: uid });
      const origin = ${JSON.stringify(image('1.1').origin)};
      for (let n = 0; ; n += 1) {
        const uids = [0, 1, 2, 3].map((k) => n + '.' + k);
        await Promise.all(uids.map((uid) => registry.recordInstanceDurably({ header: header(uid), origin, contentSha256: uid, fileKey: uid, byteLength: 1 }, { stat: false, inpatient: false }, 0)));
        process.stdout.write(uids.join('\\n') + '\\n');
      }`;
    const writer = spawn(process.execPath, program(path, '{}', body), { stdio: ['ignore', 'pipe', 'ignore'] });
    let told = '';
    writer.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    while (told.split('\n').length < 200) await once(writer.stdout, 'data');
    writer.kill('SIGKILL');
    await once(writer, 'close');
    expect(existsSync(`${path}-wal`)).toBe(true);

    const acknowledged = told.split('\n').slice(0, -1);
    expect(inOtherProcess(path, `console.log(registry.instancesOf(${JSON.stringify(STUDY_UID)}).length >= ${acknowledged.length})`)).toBe('true');
    const registry = opened(path);
    const stored = new Set(registry.instancesOf(STUDY_UID).map(({ sopInstanceUid }) => sopInstanceUid));
    expect(acknowledged.filter((uid) => !stored.has(uid))).toEqual([]);
    expect(registry.quickCheck()).toEqual([]);
    expect(registry.study(STUDY_UID)?.instances).toHaveLength(stored.size);
  });

  test('a power cut after the answer: the log as it lay on the disk then holds the answered rows', async () => {
    const path = registryPath();
    const registry = opened(path);
    await registry.recordInstanceDurably(image('1.1'), ORDINARY, NOW_MS);
    const cut = registryPath();
    copyFileSync(path, cut);
    copyFileSync(`${path}-wal`, `${cut}-wal`);
    // Torn: the frames of a transaction that nobody was told about.
    writeFileSync(`${cut}-wal`, Buffer.concat([readFileSync(`${cut}-wal`), Buffer.alloc(2000, 7)]));
    expect(opened(cut).instancesOf(STUDY_UID)).toHaveLength(1);
  });
});

describe('the file', () => {
  test('is WAL, and every ordinary commit syncs', () => {
    const path = registryPath();
    opened(path);
    const raw = new DatabaseSync(path);
    expect(raw.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
    expect(Number(raw.prepare('PRAGMA user_version').get()?.['user_version'])).toBe(MIGRATIONS.length);
    raw.close();
  });

  test('the log is moved into it beside the commits, and what was read stays in memory', async () => {
    const path = registryPath();
    const registry = opened(path);
    const { openDatabase } = await import('../../src/registry/database.ts');
    const database = openDatabase(path, false);
    let voided = 0;
    database.onVoid(() => (voided += 1));
    const sizeBefore = statSync(path).size;
    for (let n = 0; n < 200; n += 1) database.transact(() => database.run("INSERT INTO settings VALUES (?, ?, 0, 'test')", `k${n}`, JSON.stringify('x'.repeat(5000))));
    await vi.waitFor(() => {
      database.transact(() => database.run('DELETE FROM credentials'));
      expect(statSync(path).size).toBeGreaterThan(sizeBefore + 300_000);
    }, 10_000);
    expect(voided).toBe(0);
    expect(registry.settings().size).toBe(200);
    expect(registry.quickCheck()).toEqual([]);
    database.close();
  });

  test('a shared commit leaves the synchronous setting where it was', async () => {
    const path = registryPath();
    const { openDatabase } = await import('../../src/registry/database.ts');
    const database = openDatabase(path, false);
    const level = () => Number(database.get('PRAGMA synchronous')?.['synchronous']);
    expect(level()).toBe(2);
    expect(database.transactUnsynced(level)).toBe(1);
    expect(() => database.transactUnsynced(() => { throw new Error('no'); })).toThrow('no');
    expect(level()).toBe(2);
    database.close();
  });

  test.each(MIGRATIONS.map((_, version) => version))('migrates from version %i', (version) => {
    const path = registryPath();
    const old = new DatabaseSync(path);
    for (const sql of MIGRATIONS.slice(0, version)) old.exec(sql);
    old.exec(`PRAGMA user_version = ${version}`);
    old.close();
    const registry = opened(path);
    expect(registry.recordInstance(image('1.1'), ORDINARY, NOW_MS).kind).toBe('stored');
  });

  test('of a newer version, or damaged, or missing, is refused with a code', () => {
    const newer = registryPath();
    const raw = new DatabaseSync(newer);
    raw.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    raw.close();
    expect(() => opened(newer)).toThrow(expect.objectContaining({ code: 'registry-newer' }));

    const damaged = registryPath();
    writeFileSync(damaged, 'this was a registry once, and long enough to be looked at'.repeat(100));
    expect(() => opened(damaged)).toThrow(expect.objectContaining({ code: 'registry-damaged' }));

    const missing = registryPath();
    expect(() => opened(missing, { readOnly: true })).toThrow(expect.objectContaining({ code: 'registry-missing' }));
    expect(existsSync(missing)).toBe(false);
  });

  test('the journal cannot be rewritten', () => {
    const path = registryPath();
    opened(path).recordInstance(image('1.1'), ORDINARY, NOW_MS);
    const raw = new DatabaseSync(path);
    expect(() => raw.exec('DELETE FROM study_events')).toThrow(/append-only/);
    expect(() => raw.exec("UPDATE study_events SET kind = 'x'")).toThrow(/append-only/);
    raw.close();
  });
});
