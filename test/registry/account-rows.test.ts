import { describe, expect, test } from 'vitest';
import { NOW_MS } from '../study/sample-studies.ts';
import { opened, registryPath } from './registry-folder.ts';

describe('users', () => {
  test('a name is taken in any spelling of it', () => {
    const registry = opened();
    expect(registry.addUser({ name: 'Đức', role: 'reader', passwordHash: 'h' }, NOW_MS)).toMatchObject({ name: 'Đức', disabled: false, failedSignIns: 0 });
    expect(registry.addUser({ name: 'ĐỨC'.normalize('NFD'), role: 'admin' }, NOW_MS)).toBeUndefined();
    expect(registry.userByName(' đức ')?.role).toBe('reader');
    expect(registry.users()).toHaveLength(1);
  });

  test('a change changes what it names and nothing else', () => {
    const registry = opened();
    const { id } = registry.addUser({ name: 'anna', role: 'reader', passwordHash: 'h', profile: { language: 'vi' } }, NOW_MS) as { id: number };
    registry.changeUser(id, { failedSignIns: 3, lockedUntilMs: 99, disabled: true });
    expect(registry.user(id)).toMatchObject({ role: 'reader', passwordHash: 'h', failedSignIns: 3, lockedUntilMs: 99, disabled: true, profile: { language: 'vi' } });
    registry.changeUser(id, { disabled: false, failedSignIns: 0 });
    expect(registry.user(id)).toMatchObject({ disabled: false, failedSignIns: 0, lockedUntilMs: 99 });
  });
});

describe('credentials', () => {
  const link = (secretSha256: string, over = {}) => ({ secretSha256, kind: 'link' as const, name: 'first start', role: 'admin', createdAtMs: NOW_MS, expiresAtMs: NOW_MS + 1000, detail: {}, ...over });

  test('a link works once', () => {
    const registry = opened();
    registry.addCredential(link('s1'));
    expect(registry.takeCredential('s1', NOW_MS)).toMatchObject({ role: 'admin', kind: 'link' });
    expect(registry.takeCredential('s1', NOW_MS)).toBeUndefined();
  });

  test('expired is unknown; using it may prolong it; revoked is gone', () => {
    const registry = opened();
    registry.addCredential(link('s1', { kind: 'session' }));
    expect(registry.credential('s1', NOW_MS + 999)).toBeDefined();
    expect(registry.credential('s1', NOW_MS + 1000)).toBeUndefined();
    registry.touchCredential('s1', NOW_MS + 500, NOW_MS + 5000);
    expect(registry.credential('s1', NOW_MS + 1000)).toMatchObject({ lastUsedAtMs: NOW_MS + 500 });
    expect(registry.credentials('session')).toHaveLength(1);
    expect(registry.credentials('token')).toHaveLength(0);
    expect(registry.revokeCredential('s1')).toBe(true);
    expect(registry.revokeCredential('s1')).toBe(false);
  });

  test("a user's sessions end together, and the expired are swept", () => {
    const registry = opened();
    const { id } = registry.addUser({ name: 'anna', role: 'reader' }, NOW_MS) as { id: number };
    registry.addCredential(link('s1', { userId: id, kind: 'session' }));
    registry.addCredential(link('s2', { userId: id, kind: 'session' }));
    registry.addCredential(link('s3'));
    registry.revokeCredentialsOf(id);
    expect(registry.credential('s1', NOW_MS)).toBeUndefined();
    expect(registry.credential('s3', NOW_MS)).toBeDefined();
    expect(registry.removeExpiredCredentials(NOW_MS + 1000)).toBe(1);
  });
});

test('settings survive, values as they were given', () => {
  const path = registryPath();
  const registry = opened(path);
  registry.setSetting('caps', { urgent: 30 }, 'anna', NOW_MS);
  registry.setSetting('caps', { urgent: 45 }, 'anna', NOW_MS);
  registry.setSetting('model.tb.off', true, 'anna', NOW_MS);
  registry.close();
  const again = opened(path);
  expect(again.setting('caps')).toEqual({ urgent: 45 });
  expect(again.setting('nothing')).toBeUndefined();
  expect([...again.settings().keys()]).toEqual(['caps', 'model.tb.off']);
});
