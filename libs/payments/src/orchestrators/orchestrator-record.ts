import { RuleError } from '../books/errors.js';
import { requireServices, requireThreshold } from '../policies/policy-rules.js';
import { requireRate } from '../rates/rate-rules.js';
import type { NewOrchestrator } from './orchestrator.js';
import { hostName, normaliseAddress, normaliseUrl } from './web-address.js';

/** A payee that may be stored: in one spelling, and within the rules that need no database. */
export interface OrchestratorRecord {
  name: string;
  serviceUri: string;
  workerUrl: string | null;
  /** Null only from the environment: the first signer is pinned. */
  workerAddress: string | null;
  payoutAddress: string | null;
  /** Undefined: as the default. */
  rateMicroUsdPerMinute: bigint | undefined;
  minUptimeBasisPoints: bigint | undefined;
  requiredServices: readonly string[] | undefined;
}

type Draft = Omit<NewOrchestrator, 'workerAddress'> & { workerAddress: string | null };

/** The record, or everything that is wrong with it, field by field. */
export function toRecord(draft: Draft, maxRateMicroUsd: bigint): OrchestratorRecord | RuleError[] {
  const faults: RuleError[] = [];
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      faults.push(error);
      return otherwise;
    }
  };
  const { name, workerUrl = null, workerAddress, payoutAddress = null } = draft;
  const { rateMicroUsdPerMinute: rate, minUptimeBasisPoints: threshold, requiredServices: services } = draft;
  const serviceUri = attempt(() => normaliseUrl(draft.serviceUri, 'service_uri'), '');
  const record: OrchestratorRecord = {
    serviceUri,
    name: attempt(() => requireName(name ?? (serviceUri === '' ? 'nameless' : hostName(serviceUri))), ''),
    workerUrl: attempt(() => workerUrl && normaliseUrl(workerUrl, 'worker_url'), null),
    workerAddress: attempt(() => workerAddress && normaliseAddress(workerAddress, 'worker_address'), null),
    payoutAddress: attempt(() => payoutAddress && normaliseAddress(payoutAddress, 'payout_address'), null),
    rateMicroUsdPerMinute: rate,
    minUptimeBasisPoints: threshold,
    requiredServices: services,
  };
  attempt(() => {
    if (rate !== undefined) requireRate(rate, maxRateMicroUsd, 'rate_usd_per_minute');
  }, undefined);
  attempt(() => {
    if (threshold !== undefined) requireThreshold(threshold);
  }, undefined);
  attempt(() => {
    if (services !== undefined) requireServices(services);
  }, undefined);
  return faults.length > 0 ? faults : record;
}

/** @throws RuleError */
export function requireName(name: string): string {
  if (name === '' || name.length > 200) throw new RuleError('must have 1 to 200 characters', 'name');
  return name;
}
