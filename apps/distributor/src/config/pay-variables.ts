import { defaultServices } from '#monitoring';
import { usdSchema } from '#payments';
import { variables } from '#platform';
import { z } from 'zod';
import type { Known, ReportFault } from './report-fault.js';

const secondsPerHour = 3600;
const certainty = 10_000n;

const positiveUsd = usdSchema.refine((amount) => amount > 0n, 'must be above zero');

export const payVariables = {
  PAYMENT_INTERVAL_SECONDS: variables
    .seconds(60, { min: 1, max: secondsPerHour })
    .refine(
      (seconds) => secondsPerHour % seconds === 0,
      'must divide 3600, so that every hour is a whole number of periods',
    ),
  BASE_PAYMENT_USD: positiveUsd.prefault('10'),
  MAX_RATE_USD: positiveUsd.prefault('100'),
  MIN_SERVICE_UPTIME: variables
    .percentBasisPoints('95')
    .refine(
      (basisPoints) => basisPoints < certainty,
      'must be below 100: a period is paid when its uptime is strictly above it',
    ),
  UPTIME_AGGREGATION: z.enum(['mean', 'min', 'all'], 'must be mean, min or all').default('mean'),
  REQUIRED_SERVICES: variables
    .list(defaultServices)
    .refine((names) => names.length > 0, 'must name at least one service: no service, no pay')
    .refine((names) => new Set(names).size === names.length, 'names a service twice'),
};

export function checkPay(environment: Known<typeof payVariables>, report: ReportFault): void {
  const { BASE_PAYMENT_USD: base, MAX_RATE_USD: max } = environment;
  if (typeof base === 'bigint' && typeof max === 'bigint' && base > max) {
    report('BASE_PAYMENT_USD', 'must not be above MAX_RATE_USD');
  }
}
