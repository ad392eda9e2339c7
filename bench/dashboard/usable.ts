import { removeEmbeddedPostgresData } from '#platform/database';
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { z } from 'zod';

import { delay } from '#platform';
import type { Measurement } from '../benchmark.js';
import type { CleanUp } from '../run/clean-up.js';
import { medianAndLargest } from '../run/statistics.js';
import { type Door, openWindow } from './chromium.js';

const program = fileURLToPath(new URL('../../apps/local/src/main.js', import.meta.url));
const startLimitMs = 120_000;
const targetMs = 1_000;
const stackFacts = z.object({ distributor_url: z.string(), admin_password: z.string() });

/** `npm start` on free ports and a folder of its own; ready when somebody is on air. */
export async function startLocalStack(cleanUp: CleanUp): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-stack-'));
  cleanUp.add(() => rm(folder, { recursive: true, force: true }));
  cleanUp.add(() => removeEmbeddedPostgresData(join(folder, 'postgres')));
  // As root PostgreSQL runs as another user, who must be able to enter.
  await chmod(folder, 0o755);
  const ports = ['WORKER_PORT', 'PORT', 'GATEWAY_PORT', 'ORCHESTRATOR_PORT', 'RPC_PORT'];
  const stack = spawn(process.execPath, [program, '--state', folder, '--period', '5'], {
    env: {
      ...{ PATH: dirname(process.execPath), DOCKER_HOST: 'unix:///nowhere/docker.sock' },
      ...Object.fromEntries(ports.map((port) => [port, '0'])),
    },
    stdio: 'ignore',
    // Ctrl-C reaches the parent, which cleans up.
    detached: true,
  });
  const ended = new Promise((done) => stack.once('close', done));
  cleanUp.add(async () => {
    stack.kill('SIGINT');
    await ended;
  });
  const deadline = performance.now() + startLimitMs;
  while (performance.now() < deadline && stack.exitCode === null) {
    const text = await readFile(join(folder, 'stack.json'), 'utf8').catch(() => null);
    if (text !== null) {
      const { distributor_url: url, admin_password: password } = stackFacts.parse(JSON.parse(text));
      const status = await fetch(`${url}/api/v1/status`).catch(() => null);
      if ((await status?.text())?.includes('"state":"on_air"')) return { url, password };
    }
    await delay(200);
  }
  throw new Error('the local stack did not put anybody on air');
}

/** From the navigation until a password can be typed, and from Enter until the bars stand; each time a new window. */
export async function measureUsable(
  browser: Browser,
  { url, password }: Door,
  { where, rounds }: { where: string; rounds: number },
): Promise<Measurement[]> {
  const doors: number[] = [];
  const bars: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const page = await openWindow(browser);
    const timed = async (act: () => Promise<unknown>, until: string) => {
      const begun = performance.now();
      await act();
      await page.locator(until).first().waitFor();
      return performance.now() - begun;
    };
    doors.push(await timed(() => page.goto(url, { waitUntil: 'commit' }), 'input[type=password]'));
    await page.getByLabel('Password').fill(password);
    bars.push(await timed(() => page.keyboard.press('Enter'), '[role=slider]'));
    again.push(await timed(() => page.reload({ waitUntil: 'commit' }), '[role=slider]'));
    await page.context().close();
  }
  const target = { atMost: targetMs };
  return [
    { what: `${where}: front door, nothing cached`, unit: 'ms', ...medianAndLargest(doors), target },
    { what: `${where}: signed in until the bars stand`, unit: 'ms', ...medianAndLargest(bars), target },
    { what: `${where}: loaded again`, unit: 'ms', ...medianAndLargest(again), target },
  ];
}
