/** A registry in a folder of its own, and instances to put into it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { StoredInstance } from '../../src/registry/instance-rows.ts';
import { openRegistry, type Registry, type RegistryOptions } from '../../src/registry/registry.ts';
import type { InstanceHeader } from '../../src/study/types.ts';
import { chestHeader, NOW_MS } from '../study/sample-studies.ts';

const cleanups: (() => void)[] = [];
afterEach(() => cleanups.splice(0).forEach((cleanup) => cleanup()));

export function registryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-registry-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'registry.sqlite');
}

/** Closed at the end of the test, if the test has not done so. */
export function opened(path: string = registryPath(), options?: RegistryOptions): Registry {
  const registry = openRegistry(path, options);
  cleanups.unshift(() => {
    try {
      registry.close();
    } catch {
      // closed by the test
    }
  });
  return registry;
}

/** An image as intake hands it over; `content` stands for its bytes. */
export function image(sopInstanceUid: string, over: Partial<InstanceHeader> = {}, content = `content of ${sopInstanceUid}`): StoredInstance {
  return {
    header: chestHeader({ sopInstanceUid, ...over }),
    origin: { callingAeTitle: 'ROOM1', calledAeTitle: 'FIRSTREAD', remoteAddress: '10.0.0.7', receivedAtMs: NOW_MS },
    contentSha256: content,
    fileKey: `file of ${sopInstanceUid} ${content}`,
    byteLength: 1000,
  };
}

/** What retention may take now of studies that left before, without taking it. */
export function removableFiles(registry: Registry, leftBeforeMs: number): string[] {
  let keys: string[] = [];
  const undo = new Error('only asked');
  try {
    registry.transact(() => {
      keys = registry.takeRemovable(leftBeforeMs, 10, leftBeforeMs).files.map(({ fileKey }) => fileKey);
      throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
  return keys;
}
