/** The command line as a newcomer meets it: help everywhere, errors that say what to do, exit codes that scripts count on. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openRegistry } from '../../src/registry/registry.ts';

const BIN = fileURLToPath(new URL('../../bin/firstread', import.meta.url));
const firstread = (...argv: string[]) => spawnSync(BIN, argv, { encoding: 'utf8', env: { ...process.env, REDIS_URL: '' } });
const folder = (): string => mkdtempSync(join(tmpdir(), 'firstread-cli-'));

const COMMANDS = ['serve', 'demo', 'worker', 'analyse', 'worklist', 'send', 'echo', 'deliveries', 'prioritise', 'evaluate', 'calibrate', 'models', 'config', 'sign-in', 'user', 'audit', 'token', 'prepare'];

test('without arguments it says what it is and lists every command', () => {
  const { status, stdout } = firstread();
  expect(status).toBe(0);
  for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  expect(stdout).toContain('Not a medical device');
});

test.each(COMMANDS)('%s --help shows usage', (command) => {
  const { status, stdout } = firstread(command, '--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^usage: /);
});

test.each(COMMANDS)('%s names an option that it does not know', (command) => {
  const { status, stderr } = firstread(command, '--bogus');
  expect(stderr).toMatch(/Unknown option '--bogus'/);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(status).toBe(1);
});

describe('errors are one line that says what to do', () => {
  test.each([
    [['serv'], 1, /there is no command "serv"/],
    [['serve', '--dicom-prot', '104'], 1, /Unknown option '--dicom-prot'/],
    [['serve', '--lease-ms', '3 s'], 1, /setting "leaseMs" from --lease-ms: expected integer/],
    [['echo', 'nowhere'], 1, /HOST:PORT/],
    [['send', '127.0.0.1:104'], 1, /name the files/],
    [['worklist', '--data', '/nonexistent/firstread'], 1, /no registry/],
    [['token', 'add', '--role', 'root'], 1, /--role is one of/],
    [['worker', '--hub-url', 'http://hub:1'], 1, /Redis/],
  ] as const)('%j', (argv, status, message) => {
    const answer = firstread(...argv, ...(argv[0] === 'token' ? ['--data', folder()] : []));
    expect(answer.stderr).toMatch(message);
    expect(answer.stderr).not.toMatch(/\n {4}at /);
    expect(answer.status).toBe(status);
  });
});

test('echo to nobody says so and exits 1', () => {
  const { status, stderr } = firstread('echo', '127.0.0.1:1', '--called', 'PACS');
  expect(status).toBe(1);
  expect(stderr).toMatch(/PACS at 127\.0\.0\.1:1: no connection/);
});

test('worklist --json of an empty registry is an empty array', () => {
  const data = folder();
  openRegistry(join(data, 'registry.sqlite')).close();
  const { status, stdout } = firstread('worklist', '--data', data, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual([]);
});

test('config names where a value comes from, and hides secrets', () => {
  const data = folder();
  writeFileSync(join(data, 'firstread.json'), JSON.stringify({ dicomPort: 4000, redisUrl: 'redis://:geheim@10.0.0.1' }));
  const { stdout } = firstread('config', '--data', data, '--json', '--http-port', '4001');
  const settings = JSON.parse(stdout) as Record<string, { value: unknown; origin: string }>;
  expect(settings['dicomPort']).toMatchObject({ value: 4000, origin: join(data, 'firstread.json') });
  expect(settings['httpPort']).toMatchObject({ value: 4001, origin: '--http-port' });
  expect(stdout).not.toContain('geheim');
});

test('users and tokens: made, listed, taken back', () => {
  const data = folder();
  const added = spawnSync(BIN, ['user', 'add', 'an.nguyen', '--role', 'reader', '--data', data], { encoding: 'utf8', input: 'bốn chữ một câu\n' });
  expect(added.stdout).toContain('an.nguyen can sign in as reader');
  expect(firstread('user', 'list', '--data', data).stdout).toMatch(/an\.nguyen +reader +password +active/);
  expect(firstread('token', 'add', '--role', 'worker', '--name', 'gpu1', '--data', data).stdout.trim()).toMatch(/^[\w-]{43}$/);
  expect(firstread('token', 'revoke', 'gpu1', '--data', data).stdout).toContain('1 revoked');
});
