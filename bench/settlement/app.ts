import { developmentKeys } from '#payments/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { CleanUp } from '../run/clean-up.js';
import type { BenchChain } from './bench-chain.js';

const START_LIMIT_MS = 60_000;
const program = fileURLToPath(new URL('../../apps/distributor/src/main.js', import.meta.url));

export interface App {
  pid: number;
  /** Largest resident memory since it began. */
  peakMemoryBytes(): Promise<number>;
}

/** The distributor as it is deployed, configured by its environment only. */
export async function startApp(
  databaseUrl: string,
  { rpcUrl, tokenAddress }: BenchChain,
  cleanUp: CleanUp,
): Promise<App> {
  const child = spawn(process.execPath, [program], {
    env: {
      LOG_FORMAT: 'json',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      ADMIN_PASSWORD: 'a benchmark of settlement',
      PAYMENT_INTERVAL_SECONDS: '3600',
      ORCHESTRATOR_ADDRESSES: 'https://orchestrator.example:8935',
      WORKER_URL: 'http://127.0.0.1:1',
      SETTLEMENT_METHOD: 'usdc',
      SETTLE_INTERVAL_SECONDS: '1',
      MAX_PAYOUT_USD: '10000',
      MAX_DAILY_PAYOUT_USD: '100000000',
      ETH_RPC_URL: rpcUrl,
      CHAIN_ID: '31337',
      TOKEN_ADDRESS: tokenAddress,
      FINALITY: '2',
      PAYER_PRIVATE_KEY: developmentKeys.payer,
      GAS_PAYER_PRIVATE_KEY: developmentKeys.gasPayer,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C reaches the parent, which cleans up.
    detached: true,
  });
  const exit = once(child, 'exit');
  cleanUp.add(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const lines = createInterface({ input: child.stdout });
  const opened = new Promise<void>((done, failed) => {
    const limit = setTimeout(() => {
      failed(new Error('the distributor did not open its books within a minute'));
    }, START_LIMIT_MS);
    lines.on('line', (line) => {
      if (!line.includes('"books opened"')) return;
      clearTimeout(limit);
      done();
    });
    void exit.then(() => {
      clearTimeout(limit);
      failed(new Error('the distributor ended at its start'));
    });
  });
  await opened;
  const pid = child.pid ?? -1;
  return {
    pid,
    async peakMemoryBytes() {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1_024;
    },
  };
}
