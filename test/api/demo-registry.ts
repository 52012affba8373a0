/**
 * A real registry with demo studies in it, and the hub's own ports on it. The studies are put in as they are, not by the
 * events that would lead there: a page needs a morning's list, not its history.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StudiesPort } from '../../src/api/ports.ts';
import type { ReadingPort } from '../../src/api/reading-ports.ts';
import { createReadingPort } from '../../src/hub/reading-port.ts';
import { createStudiesPort } from '../../src/hub/studies-port.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import { saveInstances, saveStudy } from '../../src/registry/save-study.ts';
import { DEFAULT_CAPS_MINUTES } from '../../src/study/worklist-order.ts';
import type { DemoStudy } from './demo-studies.ts';

export const DEMO_CLAIM_MINUTES = 5;

export const DEMO_ADDRESSES: Readonly<Record<string, string>> = { XR_ROOM_1: '10.0.0.5', XR_ROOM_2: '10.0.0.6', ER_DX1: '10.0.0.7', MOBILE_2: '10.0.0.8' };

export interface DemoRegistry {
  readonly registry: Registry;
  readonly studies: StudiesPort;
  readonly reading: ReadingPort;
  /** One commit for all of them. */
  put(studies: readonly DemoStudy[]): void;
  close(): void;
}

export function demoRegistry(now: () => number): DemoRegistry {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-demo-registry-'));
  const path = join(folder, 'registry.sqlite');
  const registry = openRegistry(path);
  const engine = { apply: (uid: string, event: Parameters<Registry['applyStudyEvent']>[1]) => registry.applyStudyEvent(uid, event, now()).study };
  return {
    registry,
    studies: createStudiesPort({
      registry, engine: engine as never, caps: DEFAULT_CAPS_MINUTES, models: { models: [] } as never, modelsReady: () => true, pace: { msPerImage: () => 1_200 },
    }),
    reading: createReadingPort({ registry, claimMs: DEMO_CLAIM_MINUTES * 60_000 }),
    put(studies) {
      // Beside the open registry, as a tool would: it notices.
      const database = openDatabase(path, false);
      database.transact(() => {
        for (const { study, facts, images } of studies) {
          saveStudy(database, undefined, study, facts);
          for (const [at, { header, fileKey, byteLength, receivedAtMs, callingAeTitle }] of images.entries()) {
            const arriving = { header, fileKey, byteLength, origin: { callingAeTitle, calledAeTitle: 'FIRSTREAD', remoteAddress: DEMO_ADDRESSES[callingAeTitle] ?? '10.0.0.5', receivedAtMs } };
            saveInstances(database, study.instances.slice(0, at), { ...study, instances: study.instances.slice(0, at + 1) }, arriving);
          }
        }
      });
      database.close();
    },
    close() {
      registry.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
