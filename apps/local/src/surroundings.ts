import { startGatewayDouble, startOrchestratorDouble } from '#livepeer/testing';
import { deployLocalToken, developmentKeys, startAnvil } from '#payments/testing';
import { startEmbeddedPostgres } from '#platform/database';
import { computeAddress } from 'ethers';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

import { localChainId } from './app-environments.js';
import { startEngine, type LocalEngine } from './engine.js';
import type { Parts } from './parts.js';
import type { RunLock } from './run-lock.js';

/** Blocks come this often without a tx, and at once with one. */
const blockTimeSeconds = 2;

function logTo(parts: Parts, stateDir: string, name: string): (line: string) => void {
  const file = createWriteStream(join(stateDir, 'logs', `${name}.log`), { flags: 'a' });
  parts.onStop(`${name} log`, async () => {
    await new Promise<void>((done) => {
      file.end(done);
    });
  });
  return (line) => file.write(`${line}\n`);
}

export function startDatabase(
  parts: Parts,
  lock: RunLock,
  stateDir: string,
): Promise<{ databaseUrl: string }> {
  const log = logTo(parts, stateDir, 'postgres');
  const note = () => 'PostgreSQL 18, embedded';
  return parts.start('PostgreSQL', note, async () => {
    const postgres = await startEmbeddedPostgres({ dataDir: join(stateDir, 'postgres'), log });
    parts.onStop('PostgreSQL', () => postgres.stop());
    lock.addChild('database', postgres.pid);
    return { databaseUrl: postgres.url };
  });
}

interface Chain {
  rpcUrl: string;
  tokenAddress: string;
}

export function startChain(parts: Parts, lock: RunLock, stateDir: string, port: number): Promise<Chain> {
  const log = logTo(parts, stateDir, 'chain');
  const note = ({ rpcUrl }: Chain) => `anvil at ${rpcUrl}, with a test USDC; two blocks are final`;
  return parts.start('Chain', note, async () => {
    const statePath = join(stateDir, 'chain', 'state.json');
    const anvil = await startAnvil({ port, statePath, blockTimeSeconds, chainId: localChainId, log });
    parts.onStop('Chain', () => anvil.stop());
    lock.addChild('chain', anvil.pid);
    const payerAddress = computeAddress(developmentKeys.payer);
    const { tokenAddress } = await deployLocalToken({ rpcUrl: anvil.rpcUrl, payerAddress });
    return { rpcUrl: anvil.rpcUrl, tokenAddress };
  });
}

export interface ServicesOptions {
  stateDir: string;
  dockerHost: string | undefined;
  services: readonly string[];
}

export function startServices(
  parts: Parts,
  { stateDir, dockerHost, services }: ServicesOptions,
): Promise<LocalEngine> {
  const note = (engine: LocalEngine) => engine.note;
  return parts.start('Services', note, async () => {
    const engine = await startEngine(stateDir, dockerHost, services);
    parts.onStop('Services', () => engine.stop());
    return engine;
  });
}

interface NetworkUrls {
  gatewayUrl: string;
  orchestratorUrl: string;
}

export function startNetwork(
  parts: Parts,
  ports: { gateway: number; orchestrator: number },
  secret: string,
): Promise<NetworkUrls> {
  const note = ({ gatewayUrl, orchestratorUrl }: NetworkUrls) =>
    `gateway ${gatewayUrl}, orchestrator ${orchestratorUrl} (test doubles)`;
  return parts.start('Livepeer', note, async () => {
    const orchestrator = await startOrchestratorDouble({ secret, port: ports.orchestrator });
    parts.onStop('orchestrator', () => orchestrator.stop());
    const gateway = await startGatewayDouble({ orchestrators: [orchestrator.url], port: ports.gateway });
    parts.onStop('gateway', () => gateway.stop());
    return { gatewayUrl: gateway.url, orchestratorUrl: orchestrator.url };
  });
}
