import { RuleError } from '../books/errors.js';

/** Paid is strictly above: nothing is above 100 %. @throws RuleError */
export function requireThreshold(basisPoints: bigint): void {
  if (basisPoints < 0n || basisPoints > 9_999n) {
    throw new RuleError('must be at least 0 and below 100', 'min_uptime');
  }
}

/** @throws RuleError */
export function requireServices(services: readonly string[]): string[] {
  const unique = [...new Set(services)];
  if (unique.length !== services.length) throw new RuleError('names a service twice', 'required_services');
  if (unique.length === 0 || unique.length > 100 || unique.some((name) => name === '' || name.length > 200)) {
    throw new RuleError('must name 1 to 100 services: no service, no pay', 'required_services');
  }
  return unique;
}
