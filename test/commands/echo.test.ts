/** `firstread echo` as somebody sees it who has never sent C-ECHO: what was asked, who answered, what to change. In this process: the command's own run. */
import { Writable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { run } from '../../src/commands/echo.ts';
import { startListener } from '../../src/dimse/listener.ts';
import type { Listener } from '../../src/dimse/listener.ts';
import { OPEN_DOOR } from '../../src/dimse/negotiation-policy.ts';
import { REJECT } from '../../src/dimse/pdu.ts';
import { MemorySink } from '../dimse/memory-sink.ts';

const listeners: Listener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
});

async function listen(only?: string): Promise<Listener> {
  const listener = await startListener({ port: 0, host: '127.0.0.1', storeSink: new MemorySink(), onEvent: () => undefined, policy: {
    ...OPEN_DOOR, admit: ({ calledAeTitle }) => (only === undefined || calledAeTitle === only ? undefined : REJECT.calledAeTitleNotRecognized),
  } });
  listeners.push(listener);
  return listener;
}

async function echo(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') => new Writable({ write(chunk, _encoding, done) { said[name] += String(chunk); done(); } });
  const code = await run([...argv, '--ae-title', 'FIRSTREAD'], { stdout: into('stdout'), stderr: into('stderr') });
  return { code, ...said };
}

test('no title named: the answer is the address’s, and the placeholder is said to be one', async () => {
  const { port } = await listen();
  const { code, stdout } = await echo(`127.0.0.1:${port}`);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^127\\.0\\.0\\.1:${port} answered C-ECHO with 0000H \\(success\\) in \\d+ ms\\n`));
  expect(stdout).toContain('\ncalled AE title: ANY-SCP (none was named: --called AE); calling: FIRSTREAD\n');
});

test('a title named: it stands before the address', async () => {
  const { port } = await listen('PACS');
  const { stdout } = await echo(`127.0.0.1:${port}`, '--called', 'PACS', '--calling', 'XR1');
  expect(stdout).toMatch(/^PACS at 127/);
  expect(stdout).toContain('\ncalled AE title: PACS; calling: XR1\n');
});

test('a peer that minds the placeholder: the refusal says what it was called', async () => {
  const { port } = await listen('PACS');
  const { code, stderr } = await echo(`127.0.0.1:${port}`);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^127\.0\.0\.1:\d+: association rejected: .*called/i);
  expect(stderr).toContain('\ncalled AE title: ANY-SCP (none was named: --called AE); calling: FIRSTREAD\n');
});
