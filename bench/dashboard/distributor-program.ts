import { delay } from '#platform';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import type { CleanUp } from '../run/clean-up.js';

const program = fileURLToPath(new URL('../../apps/distributor/src/main.js', import.meta.url));
const password = 'only for measuring 2026';
const startLimitMs = 60_000;
/** Answers for everybody are kept for a second. */
const keptForMs = 1_050;

export interface DistributorProgram {
  url: string;
  token: string;
  password: string;
}

const freePort = () =>
  new Promise<number>((found, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') found(address.port);
      });
    });
  });

const tokenSchema = z.object({ access_token: z.string() });

/** As it is built, in a process of its own. */
export async function startDistributorProgram(
  databaseUrl: string,
  cleanUp: CleanUp,
  settings: Readonly<Record<string, string>> = {},
): Promise<DistributorProgram> {
  const port = await freePort();
  const child = spawn(process.execPath, [program], {
    env: {
      DATABASE_URL: databaseUrl,
      ADMIN_PASSWORD: password,
      PORT: String(port),
      LOG_LEVEL: 'error',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((done) => child.once('close', done));
  cleanUp.add(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + startLimitMs;
  for (;;) {
    const answer = await fetch(`${url}/health/live`).catch(() => undefined);
    if (answer?.ok) break;
    if (performance.now() > deadline || child.exitCode !== null)
      throw new Error('the distributor did not start');
    await delay(200);
  }
  const signIn = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password }),
  });
  const { access_token: token } = tokenSchema.parse(await signIn.json());
  for (;;) {
    const { status } = await fetch(`${url}/api/v1/balances`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (status === 200) return { url, token, password };
    if (performance.now() > deadline) throw new Error('the distributor did not open its books');
    await delay(200);
  }
}

const items = z.object({ items: z.array(z.object({ id: z.string() })) });

export async function askTimed(
  { url, token }: DistributorProgram,
  path: string,
): Promise<{ ms: number; bytes: number; firstId: string }> {
  if (path === 'status' || path.startsWith('history/fleet')) await delay(keptForMs);
  const begun = performance.now();
  const answer = await fetch(`${url}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  const ms = performance.now() - begun;
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text.slice(0, 300)}`);
  const listed = items.safeParse(JSON.parse(text));
  return { ms, bytes: text.length, firstId: listed.data?.items[0]?.id ?? '' };
}
