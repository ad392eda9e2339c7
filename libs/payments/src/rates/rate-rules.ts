import { RuleError } from '../books/errors.js';
import { formatUsd } from '../money/micro-usd.js';

/** @throws RuleError */
export function requireRate(microUsdPerMinute: bigint, maxRateMicroUsd: bigint, field: string): void {
  if (microUsdPerMinute >= 0n && microUsdPerMinute <= maxRateMicroUsd) return;
  throw new RuleError(
    `must be between 0 and ${formatUsd(maxRateMicroUsd)} dollars per minute (MAX_RATE_USD)`,
    field,
  );
}
