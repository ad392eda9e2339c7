import { mostDecimals, usdSchema } from '#payments';
import { addressSchema, variables } from '#platform';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type FileSecretEnvironment, secretOrFault, variableOf } from './file-secrets.js';
import type { Known, ReportFault } from './report-fault.js';

const positiveUsd = usdSchema.refine((amount) => amount > 0n, 'must be above zero');
const privateKeyPattern = /^(0x)?[0-9a-fA-F]{64}$/;
const privateKeyFault = 'must be a private key: 32 bytes in hexadecimal';

const methodSchema = z.enum(['ledger', 'usdc', 'erc20'], 'must be ledger, usdc or erc20');

export const settlementVariables = {
  SETTLEMENT_METHOD: methodSchema.optional(),
  SETTLE_INTERVAL_SECONDS: variables.seconds(3600, { min: 1 }),
  MIN_PAYOUT_USD: positiveUsd.prefault('1'),
  MAX_PAYOUT_USD: positiveUsd.optional(),
  MAX_DAILY_PAYOUT_USD: positiveUsd.optional(),
  PAYOUT_ADDRESS_DELAY_SECONDS: variables.seconds(86_400),
  ETH_RPC_URL: variables.httpUrlList(),
  CHAIN_ID: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, 'must be a positive whole number')
    .transform(BigInt)
    .optional(),
  TOKEN_ADDRESS: addressSchema.optional(),
  TOKEN_DECIMALS: z
    .string()
    .regex(/^\d{1,2}$/, 'must be a whole number')
    .transform(Number)
    .refine((decimals) => decimals <= mostDecimals, `must be at most ${mostDecimals}`)
    .prefault('6'),
  PAYER_KEYSTORE_FILE: z.string().optional(),
  PAYER_KEYSTORE_PASSWORD_FILE: z.string().optional(),
  FINALITY: z
    .string()
    .regex(/^(finalized|[1-9]\d{0,4})$/, 'must be finalized, or the number of blocks on top of a payment')
    .transform((text) => (text === 'finalized' ? ('finalized' as const) : Number(text)))
    .prefault('finalized'),
};

type Environment = Known<typeof settlementVariables> & FileSecretEnvironment;

export type SettlementMethod = z.output<typeof methodSchema>;

/** The chain is used when it was asked for, or when there is a key to sign with and a chain to send to. */
export function settlementMethodOf(environment: Environment): SettlementMethod {
  const asked = methodSchema.safeParse(environment.SETTLEMENT_METHOD);
  if (asked.success) return asked.data;
  return hasPayerKey(environment) && hasRpc(environment) ? 'usdc' : 'ledger';
}

export const hasPayerKey = (environment: Environment): boolean =>
  environment.PAYER_PRIVATE_KEY !== undefined ||
  environment.PAYER_PRIVATE_KEY_FILE !== undefined ||
  environment.PAYER_KEYSTORE_FILE !== undefined;

export const hasRpc = (environment: Environment): boolean => (environment.ETH_RPC_URL ?? []).length > 0;

export function checkSettlement(environment: Environment, report: ReportFault): void {
  const method = settlementMethodOf(environment);
  if (method !== 'ledger') {
    const why = `is required when SETTLEMENT_METHOD is ${method}`;
    if (!hasRpc(environment)) report('ETH_RPC_URL', why);
    const required = ['CHAIN_ID', 'TOKEN_ADDRESS', 'MAX_PAYOUT_USD', 'MAX_DAILY_PAYOUT_USD'] as const;
    for (const variable of required) if (environment[variable] === undefined) report(variable, why);
    if (!hasPayerKey(environment)) {
      report('PAYER_PRIVATE_KEY', `(or PAYER_PRIVATE_KEY_FILE, PAYER_KEYSTORE_FILE) ${why}`);
    }
    checkKeys(environment, report);
    checkToken(environment, method, report);
  }
  checkAmounts(environment, report);
}

function checkToken(environment: Environment, method: SettlementMethod, report: ReportFault): void {
  const decimals = environment.TOKEN_DECIMALS;
  if (method === 'usdc' && decimals !== undefined && decimals !== 6) {
    report('TOKEN_DECIMALS', 'must be 6 with SETTLEMENT_METHOD=usdc');
  }
  const hasGasPayer =
    environment.GAS_PAYER_PRIVATE_KEY !== undefined || environment.GAS_PAYER_PRIVATE_KEY_FILE !== undefined;
  if (method === 'erc20' && hasGasPayer) {
    report(
      variableOf(environment, 'GAS_PAYER_PRIVATE_KEY'),
      'must be absent with SETTLEMENT_METHOD=erc20: the treasury sends its own txs',
    );
  }
}

function checkAmounts(environment: Environment, report: ReportFault): void {
  const { MIN_PAYOUT_USD: min, MAX_PAYOUT_USD: max, MAX_DAILY_PAYOUT_USD: daily } = environment;
  if (typeof min === 'bigint' && typeof max === 'bigint' && min > max) {
    report('MIN_PAYOUT_USD', 'must not be above MAX_PAYOUT_USD');
  }
  if (typeof max === 'bigint' && typeof daily === 'bigint' && max > daily) {
    report('MAX_PAYOUT_USD', 'must not be above MAX_DAILY_PAYOUT_USD');
  }
}

function checkKeys(environment: Environment, report: ReportFault): void {
  const sources = [
    environment.PAYER_PRIVATE_KEY,
    environment.PAYER_PRIVATE_KEY_FILE,
    environment.PAYER_KEYSTORE_FILE,
  ].filter((source) => source !== undefined);
  if (sources.length > 1) {
    report(
      'PAYER_PRIVATE_KEY',
      'give one of PAYER_PRIVATE_KEY, PAYER_PRIVATE_KEY_FILE and PAYER_KEYSTORE_FILE',
    );
  }
  if (
    environment.PAYER_KEYSTORE_FILE !== undefined &&
    environment.PAYER_KEYSTORE_PASSWORD_FILE === undefined
  ) {
    report('PAYER_KEYSTORE_PASSWORD_FILE', 'is required with PAYER_KEYSTORE_FILE');
  }
  for (const variable of ['PAYER_KEYSTORE_FILE', 'PAYER_KEYSTORE_PASSWORD_FILE'] as const) {
    const file = environment[variable];
    if (file === undefined) continue;
    try {
      readFileSync(file, 'utf8');
    } catch (error) {
      report(variable, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const name of ['PAYER_PRIVATE_KEY', 'GAS_PAYER_PRIVATE_KEY'] as const) {
    const key = secretOrFault(environment, name, report);
    if (key !== undefined && !privateKeyPattern.test(key))
      report(variableOf(environment, name), privateKeyFault);
  }
}
