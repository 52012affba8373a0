/**
 * Where the public X-rays and DICOM files for development lie: beside the repository, never in it.
 * Tests that read them skip by name where the folder is absent.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function sharedData(): string | undefined {
  const folder = process.env['FIRSTREAD_SHARED_DATA'] ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
  return existsSync(folder) ? folder : undefined;
}
