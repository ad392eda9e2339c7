import type { SettlementMethod } from './config/settlement-variables.js';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { alertSecretsOf, alertsOf, alertVariables, checkAlerts } from './config/alert-variables.js';
import { checkEvidence, evidenceVariables } from './config/evidence-variables.js';
import { fileSecretVariables, secretOf } from './config/file-secrets.js';
import { checkPay, payVariables } from './config/pay-variables.js';
import { payeeVariables } from './config/payee-variables.js';
import { checkServer, serverVariables } from './config/server-variables.js';
import { secretForms } from './config/secret-forms.js';
import {
  checkSettlement,
  hasPayerKey,
  hasRpc,
  settlementMethodOf,
  settlementVariables,
} from './config/settlement-variables.js';

const environmentSchema = z.object({
  ...fileSecretVariables,
  ...serverVariables,
  ...payVariables,
  ...evidenceVariables,
  ...settlementVariables,
  ...payeeVariables,
  ...alertVariables,
});
type Environment = z.output<typeof environmentSchema>;

/** Names of all variables, for the test that compares them with `.env.example`. */
export const distributorVariables = Object.keys(environmentSchema.shape);

/**
 * The whole environment of the distributor. Each variable is parsed by itself and the rules between variables run
 * whatever came of it, so that all faults are shown at once (Zod leaves an object's own rules out after some faults).
 */
export const distributorConfigSchema = z
  .record(z.string(), z.string().optional())
  .transform((raw, context) => {
    const known: Record<string, unknown> = {};
    const faulty = new Set<string>();
    const report = (variable: string, message: string) => {
      if (faulty.has(variable)) return;
      faulty.add(variable);
      context.addIssue({ code: 'custom', path: [variable], message });
    };
    for (const [variable, schema] of Object.entries(environmentSchema.shape)) {
      const result = schema.safeParse(raw[variable]);
      known[variable] = result.success ? result.data : raw[variable];
      const [issue] = result.error?.issues ?? [];
      if (issue) report(variable, issue.message);
    }
    for (const check of [checkServer, checkPay, checkEvidence, checkSettlement, checkAlerts])
      check(known, report);
    return faulty.size > 0 ? z.NEVER : deepFreeze(configOf(environmentSchema.parse(raw)));
  });

export type DistributorConfig = z.output<typeof distributorConfigSchema>;

/** A turn of the assessment lasts as long as its slowest worker: nobody may hold it up for long. */
const workerAttemptMs = 5_000;
/** A job is given up by the gateway after this; giving up before it would leak the orchestrator's capacity. */
const jobAttemptMs = 15_000;
/** A worker can speak for a period some seconds after its end. Asking sooner is refused, and a refusal is a whole job. */
const jobDelayMs = 6_500;
const workerDelayMs = 500;

/** Where the settlement stands: money in `bigint` micro-dollars, times in seconds. */
export type SettlementConfig = DistributorConfig['settlement'];

function configOf(environment: Environment) {
  return {
    production: environment.NODE_ENV === 'production',
    server: {
      port: environment.PORT,
      logFormat: environment.LOG_FORMAT,
      logLevel: environment.LOG_LEVEL,
      trustedProxies: environment.TRUSTED_PROXIES,
    },
    database: { url: secretOf(environment, 'DATABASE_URL'), dataDir: environment.DATA_DIR },
    signIn: signInOf(environment),
    publicUrl: environment.PUBLIC_URL,
    metrics: { token: environment.METRICS_TOKEN },
    alerts: alertsOf(environment),
    pay: payOf(environment),
    evidence: {
      source: environment.EVIDENCE_SOURCE,
      graceSeconds: environment.EVIDENCE_GRACE_SECONDS,
      attemptTimeoutMs: environment.EVIDENCE_SOURCE === 'gateway' ? jobAttemptMs : workerAttemptMs,
      delayMs: environment.EVIDENCE_SOURCE === 'gateway' ? jobDelayMs : workerDelayMs,
      allowSharedWorkers: environment.ALLOW_SHARED_WORKERS,
      allowLoopbackWorkers: environment.ALLOW_LOOPBACK_WORKERS,
      capability: environment.CAPABILITY_NAME,
      gatewayUrl: environment.GATEWAY_URL,
    },
    firstOrchestrators: firstOrchestratorsOf(environment),
    settlement: settlementOf(environment),
    secrets: secretsOf(environment),
  };
}

function payOf(environment: Environment) {
  return {
    periodSeconds: environment.PAYMENT_INTERVAL_SECONDS,
    baseMicroUsdPerMinute: environment.BASE_PAYMENT_USD,
    maxMicroUsdPerMinute: environment.MAX_RATE_USD,
    thresholdBasisPoints: environment.MIN_SERVICE_UPTIME,
    aggregation: environment.UPTIME_AGGREGATION,
    requiredServices: environment.REQUIRED_SERVICES,
  };
}

/** `workerUrlDerived`: no WORKER_URL was given, so the worker is expected on its usual port beside the orchestrator. */
function firstOrchestratorsOf(environment: Environment) {
  return environment.ORCHESTRATOR_ADDRESSES.map((serviceUri, index) => ({
    serviceUri,
    workerUrl: environment.WORKER_URL[index] ?? `http://${new URL(serviceUri).hostname}:9876`,
    workerUrlDerived: environment.WORKER_URL.length === 0,
    payoutAddress: environment.PAYOUT_ADDRESSES[index],
  }));
}

function settlementOf(environment: Environment) {
  const method: SettlementMethod = settlementMethodOf(environment);
  return {
    method,
    /** Half a chain was configured: said at start, because nothing will be sent. */
    incompleteChain: method === 'ledger' && hasPayerKey(environment) !== hasRpc(environment),
    intervalSeconds: environment.SETTLE_INTERVAL_SECONDS,
    payoutAddressDelaySeconds: environment.PAYOUT_ADDRESS_DELAY_SECONDS,
    minPayoutMicroUsd: environment.MIN_PAYOUT_USD,
    maxPayoutMicroUsd: environment.MAX_PAYOUT_USD,
    maxDailyPayoutMicroUsd: environment.MAX_DAILY_PAYOUT_USD,
    chain: method === 'ledger' ? undefined : chainOf(environment),
  };
}

function chainOf(environment: Environment) {
  const { ETH_RPC_URL, CHAIN_ID, TOKEN_ADDRESS, PAYER_KEYSTORE_FILE, PAYER_KEYSTORE_PASSWORD_FILE } =
    environment;
  if (CHAIN_ID === undefined || TOKEN_ADDRESS === undefined) {
    throw new Error('Unreachable: checkSettlement reports an incomplete chain.');
  }
  return {
    rpcUrls: ETH_RPC_URL,
    chainId: CHAIN_ID,
    tokenAddress: TOKEN_ADDRESS,
    tokenDecimals: environment.TOKEN_DECIMALS,
    finality: environment.FINALITY,
    payerPrivateKey: secretOf(environment, 'PAYER_PRIVATE_KEY'),
    payerKeystore:
      PAYER_KEYSTORE_FILE === undefined || PAYER_KEYSTORE_PASSWORD_FILE === undefined
        ? undefined
        : {
            json: readFileSync(PAYER_KEYSTORE_FILE, 'utf8'),
            password: readFileSync(PAYER_KEYSTORE_PASSWORD_FILE, 'utf8').trimEnd(),
          },
    gasPayerPrivateKey: secretOf(environment, 'GAS_PAYER_PRIVATE_KEY'),
  };
}

function signInOf(environment: Environment) {
  const adminPassword = secretOf(environment, 'ADMIN_PASSWORD');
  if (adminPassword === undefined) throw new Error('Unreachable: checkServer reports a missing password.');
  return { adminPassword, viewerPassword: secretOf(environment, 'VIEWER_PASSWORD') };
}

/** Everything that must never appear in a log line, in every form in which it may turn up there. */
function secretsOf(environment: Environment): string[] {
  const names = ['ADMIN_PASSWORD', 'VIEWER_PASSWORD', 'PAYER_PRIVATE_KEY', 'GAS_PAYER_PRIVATE_KEY'] as const;
  const { PAYER_KEYSTORE_PASSWORD_FILE: passwordFile } = environment;
  const databaseUrl = secretOf(environment, 'DATABASE_URL');
  return secretForms([
    ...names.map((name) => secretOf(environment, name)?.replace(/^0x/, '')),
    passwordFile === undefined ? undefined : readFileSync(passwordFile, 'utf8').trimEnd(),
    environment.METRICS_TOKEN,
    databaseUrl,
    ...environment.ETH_RPC_URL,
    environment.GATEWAY_URL,
    ...environment.WORKER_URL,
    ...alertSecretsOf(environment),
  ]);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
