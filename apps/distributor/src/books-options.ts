import type { BooksOptions, SettlementOptions } from '#payments';
import type { DistributorConfig } from './distributor.config.js';
import { gasPayerKeyOf, payerKeyOf } from './settlement-key.js';

export const booksOptionsOf = ({ pay, evidence, settlement }: DistributorConfig): BooksOptions => ({
  paymentIntervalSeconds: pay.periodSeconds,
  basePaymentMicroUsd: pay.baseMicroUsdPerMinute,
  maxRateMicroUsd: pay.maxMicroUsdPerMinute,
  minServiceUptimeBasisPoints: pay.thresholdBasisPoints,
  uptimeAggregation: pay.aggregation,
  requiredServices: pay.requiredServices,
  evidenceGraceSeconds: evidence.graceSeconds,
  reportDelayMs: evidence.delayMs,
  // The source gives up by itself and says why; this limit stands behind it.
  fetchTimeoutMs: evidence.attemptTimeoutMs + 500,
  allowSharedWorkers: evidence.allowSharedWorkers,
  capability: evidence.capability,
  payoutAddressDelaySeconds: settlement.payoutAddressDelaySeconds,
  payoutAsset: payoutAssetOf(settlement),
});

const payoutAssetOf = ({ method, chain }: DistributorConfig['settlement']): string =>
  chain === undefined ? 'ledger' : `${method}:${chain.chainId}:${chain.tokenAddress.toLowerCase()}`;

export async function settlementOptionsOf({ settlement }: DistributorConfig): Promise<SettlementOptions> {
  const { chain, maxPayoutMicroUsd, maxDailyPayoutMicroUsd } = settlement;
  const gasPayerPrivateKey = chain === undefined ? undefined : gasPayerKeyOf(chain);
  return {
    method: settlement.method,
    settleIntervalSeconds: settlement.intervalSeconds,
    minPayoutMicroUsd: settlement.minPayoutMicroUsd,
    ...(maxPayoutMicroUsd !== undefined && { maxPayoutMicroUsd }),
    ...(maxDailyPayoutMicroUsd !== undefined && { maxDailyPayoutMicroUsd }),
    ...(chain !== undefined && {
      chain: {
        rpcUrls: [...chain.rpcUrls],
        chainId: chain.chainId,
        tokenAddress: chain.tokenAddress,
        tokenDecimals: chain.tokenDecimals,
        finality: chain.finality,
        payerPrivateKey: await payerKeyOf(chain),
        ...(gasPayerPrivateKey !== undefined && { gasPayerPrivateKey }),
      },
    }),
  };
}
