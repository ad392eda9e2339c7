import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = fileURLToPath(new URL('../../../dist/apps/distributor/src/main.js', import.meta.url));

/** The program as it is deployed: built, with nothing but this environment. */
function run(environment: Record<string, string>) {
  const child = spawn(process.execPath, [program], { cwd: root, env: environment });
  let output = '';
  const watchers = new Set<() => void>();
  const hear = (chunk: Buffer) => {
    output += chunk.toString();
    for (const watcher of watchers) watcher();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const exit = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(code ?? signal ?? -1);
    });
  });
  const says = (sentence: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (output.includes(sentence)) resolve();
      };
      watchers.add(look);
      look();
      void exit.then(() => {
        reject(new Error(`ended without saying "${sentence}":\n${output}`));
      });
    });
  return { child, exit, says, output: () => output };
}

describe('the process of the distributor', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });

  const environment = (changes: Record<string, string> = {}) => ({
    DATABASE_URL: database.url,
    ADMIN_PASSWORD: 'LivepeerManager2025!Secure',
    PORT: '0',
    ...changes,
  });

  it('lists every fault of its environment and ends with 1', async () => {
    const { exit, output } = run({ PORT: 'x', PAYMENT_INTERVAL_SECONDS: '7', NODE_ENV: 'production' });
    expect(await exit).toBe(1);
    for (const variable of ['PORT', 'PAYMENT_INTERVAL_SECONDS', 'ADMIN_PASSWORD'])
      expect(output()).toContain(variable);
    expect(output()).not.toMatch(/\n\s+at /);
  });

  it('names a port in use and the variable that changes it', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '0.0.0.0', resolve));
    const address = holder.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    const { exit, output } = run(environment({ PORT: String(address.port) }));
    expect(await exit).toBe(1);
    expect(output()).toMatch(new RegExp(`Port ${address.port} is in use.*PORT`));
    await new Promise((resolve) => holder.close(resolve));
  });

  it('ends by itself when it is told to, and with 1 when its books have other periods', async () => {
    const first = run(environment({ PAYMENT_INTERVAL_SECONDS: '10' }));
    await first.says('books opened');
    first.child.kill('SIGTERM');
    expect([0, 'SIGTERM']).toContain(await first.exit);

    const second = run(environment({ PAYMENT_INTERVAL_SECONDS: '20' }));
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain('PAYMENT_INTERVAL_SECONDS=10');
  });
});
