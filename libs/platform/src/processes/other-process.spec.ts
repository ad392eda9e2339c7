import { afterEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { endProcess, isProcessOf, isRunning } from './other-process.js';

const children: ChildProcess[] = [];

/** A process that says so when it has set its answer to SIGINT. */
async function start(onInterrupt: string): Promise<{ child: ChildProcess; pid: number }> {
  const program = `process.on('SIGINT', () => { ${onInterrupt} }); setInterval(() => {}, 1000); console.log('up')`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return { child, pid: child.pid ?? 0 };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('another process', () => {
  it('is ended by being asked', async () => {
    const { child, pid } = await start('process.exit(7)');
    const exited = once(child, 'exit');
    await Promise.all([endProcess(pid, 20_000), exited]);
    expect(await exited).toEqual([7, null]);
    expect(isRunning(pid)).toBe(false);
  });

  it('is killed when it does not end in time', async () => {
    const { child, pid } = await start('');
    const exited = once(child, 'exit');
    await Promise.all([endProcess(pid, 50), exited]);
    expect(await exited).toEqual([null, 'SIGKILL']);
  });

  it('is ours only when its command line says so', async () => {
    const { pid } = await start('');
    expect(await isProcessOf(pid, 'setInterval')).toBe(true);
    expect(await isProcessOf(pid, 'postgres')).toBe(false);
    expect(await isProcessOf(2 ** 30, 'node')).toBe(false);
  });
});
