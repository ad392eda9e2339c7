import { parseEnvironment } from '#platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findSurroundings, required, surroundingsEnvironment, UsageError } from './surroundings.js';
import type { SurroundingsFlags } from './surroundings.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surroundings-'));
});
afterAll(() => rm(folder, { recursive: true }));

const stack = {
  worker_url: 'http://127.0.0.1:1',
  distributor_url: 'http://127.0.0.1:2',
  gateway_url: 'http://127.0.0.1:3',
  orchestrator_url: 'https://127.0.0.1:4',
  rpc_url: 'http://127.0.0.1:5',
  database_url: 'postgresql://',
  admin_password: 'from the stack',
  docker: 'simulated',
  period_seconds: 10,
  token_address: '0x1',
  payer_address: '0x2',
  pids: { worker: process.pid, distributor: process.pid },
};

async function stackFile(content: unknown): Promise<string> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.json`);
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const find = (flags: SurroundingsFlags, environment: Record<string, string> = {}) =>
  findSurroundings(flags, parseEnvironment(surroundingsEnvironment, environment));

describe('the surroundings of a script', () => {
  it('are those of the stack file', async () => {
    const file = await stackFile(stack);
    expect(await find({ stack: file })).toEqual({
      gatewayUrl: 'http://127.0.0.1:3',
      workerUrl: 'http://127.0.0.1:1',
      distributorUrl: 'http://127.0.0.1:2',
      orchestratorUrl: 'https://127.0.0.1:4',
      rpcUrl: 'http://127.0.0.1:5',
      adminPassword: 'from the stack',
      tokenAddress: '0x1',
      payerAddress: '0x2',
      periodSeconds: 10,
      capability: 'agent-net',
      stackFile: file,
    });
    expect((await find({}, { STACK_FILE: file })).gatewayUrl).toBe('http://127.0.0.1:3');
  });

  it('are those of the environment before that, and of the flags before all', async () => {
    const file = await stackFile(stack);
    const environment = {
      GATEWAY_URL: 'http://env:8935/',
      WORKER_URL: 'http://env:9876,http://other:9876',
      ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
      ADMIN_PASSWORD: 'LivepeerManager2025!Secure',
      CAPABILITY_NAME: 'other-net',
    };
    const found = await find({ stack: file, gateway: 'http://flag:8935' }, environment);
    expect(found).toMatchObject({
      gatewayUrl: 'http://flag:8935',
      workerUrl: 'http://env:9876',
      orchestratorUrl: 'https://172.23.0.7:9995',
      adminPassword: 'LivepeerManager2025!Secure',
      capability: 'other-net',
      rpcUrl: 'http://127.0.0.1:5',
    });
  });

  it.each([
    ['missing', undefined, /cannot be read/],
    ['no JSON', 'hello', /not JSON/],
    ['malformed', { ...stack, gateway_url: 7 }, /gateway_url/],
    // No process has the highest number that Linux gives.
    ['left over', { ...stack, pids: { worker: 4_194_304, distributor: 4_194_304 } }, /no longer runs/],
  ])('are refused when the stack file is %s', async (_what, content, reason) => {
    const file = content === undefined ? join(folder, 'none.json') : await stackFile(content);
    const finding = find({ stack: file });
    await expect(finding).rejects.toThrow(UsageError);
    await expect(finding).rejects.toThrow(reason);
  });

  it('are refused when an address is none', async () => {
    await expect(find({ gateway: 'gateway:8935' })).rejects.toThrow(/--gateway must be/);
    await expect(find({ orchestrator: 'https://h:1/path' })).rejects.toThrow(/--orchestrator/);
  });

  it('say which flag is missing and what to do', () => {
    expect(() => required('gateway', undefined, '--gateway', 'GATEWAY_URL')).toThrow(
      /named the gateway: --gateway \(or GATEWAY_URL\).*npm start/,
    );
    expect(required('gateway', 'http://g', '--gateway', 'GATEWAY_URL')).toBe('http://g');
  });
});
