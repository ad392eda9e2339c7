import { developmentKeys } from '#payments/testing';
import { join } from 'node:path';

import type { LocalSettings } from './settings.js';

export interface Surroundings {
  settings: LocalSettings;
  stateDir: string;
  services: readonly string[];
  dockerHost: string;
  databaseUrl: string;
  rpcUrl: string;
  tokenAddress: string;
  payoutAddress: string;
  gatewayUrl: string;
  orchestratorUrl: string;
  workerUrl: string;
  ports: { worker: number; distributor: number };
}

export const localChainId = 31_337;

/** The worker's whole environment: the local stack runs the apps as anybody would, by variables alone. */
export function workerEnvironment(around: Surroundings): Record<string, string> {
  return {
    LOG_FORMAT: 'json',
    WORKER_PORT: String(around.ports.worker),
    MONITORED_SERVICES: around.services.join(','),
    DOCKER_HOST: around.dockerHost,
    WORKER_DATA_DIR: join(around.stateDir, 'worker'),
    ORCH_URL: around.orchestratorUrl,
    ORCH_SECRET: around.settings.orchestratorSecret,
    CAPABILITY_URL: around.workerUrl,
    CAPABILITY_DESCRIPTION: 'Keeps the VTuber services of the local stack on air',
  };
}

/** The distributor's whole environment, with the settings that `docs/local.md` says differ from production. */
export function distributorEnvironment(around: Surroundings): Record<string, string> {
  const { periodSeconds, adminPassword } = around.settings;
  return {
    LOG_FORMAT: 'json',
    PORT: String(around.ports.distributor),
    DATABASE_URL: around.databaseUrl,
    ADMIN_PASSWORD: adminPassword,
    PAYMENT_INTERVAL_SECONDS: String(periodSeconds),
    REQUIRED_SERVICES: around.services.join(','),
    EVIDENCE_SOURCE: 'gateway',
    GATEWAY_URL: around.gatewayUrl,
    ORCHESTRATOR_ADDRESSES: around.orchestratorUrl,
    WORKER_URL: around.workerUrl,
    PAYOUT_ADDRESSES: around.payoutAddress,
    ALLOW_SHARED_WORKERS: 'true',
    ALLOW_LOOPBACK_WORKERS: 'true',
    PAYOUT_ADDRESS_DELAY_SECONDS: '0',
    SETTLEMENT_METHOD: 'usdc',
    SETTLE_INTERVAL_SECONDS: String(2 * periodSeconds),
    FINALITY: '2',
    MIN_PAYOUT_USD: '1',
    MAX_PAYOUT_USD: '10000',
    MAX_DAILY_PAYOUT_USD: '100000',
    ETH_RPC_URL: around.rpcUrl,
    CHAIN_ID: String(localChainId),
    TOKEN_ADDRESS: around.tokenAddress,
    PAYER_PRIVATE_KEY: developmentKeys.payer,
  };
}
