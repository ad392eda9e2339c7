import { variables } from '#platform';
import { z } from 'zod';
import { weaknessOf } from './admin-password.js';
import { proxyRangeSchema } from './proxy-range.js';
import { type FileSecretEnvironment, secretOrFault, variableOf } from './file-secrets.js';
import type { Known, ReportFault } from './report-fault.js';

export const serverVariables = {
  NODE_ENV: z.string().default('development'),
  PORT: variables.port(8010),
  LOG_FORMAT: z.enum(['json', 'pretty'], 'must be json or pretty').default('json'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error').default('info'),
  DATA_DIR: z.string().default('.data'),
  /** Who may say by X-Forwarded-For which client asked. */
  TRUSTED_PROXIES: variables.list().pipe(z.array(proxyRangeSchema)),
  METRICS_TOKEN: z.string().min(8, 'must have at least 8 characters').optional(),
};

type Environment = Known<typeof serverVariables> & FileSecretEnvironment;

export function checkServer(environment: Environment, report: ReportFault): void {
  checkDatabaseUrl(environment, report);
  const production = environment.NODE_ENV === 'production';
  const admin = secretOrFault(environment, 'ADMIN_PASSWORD', report);
  const viewer = secretOrFault(environment, 'VIEWER_PASSWORD', report);
  if (admin === undefined && environment.ADMIN_PASSWORD_FILE === undefined) {
    report('ADMIN_PASSWORD', 'is required');
  }
  if (viewer !== undefined && viewer === admin) {
    report('VIEWER_PASSWORD', 'must differ from ADMIN_PASSWORD, or every viewer would be an administrator');
  }
  const passwords = { ADMIN_PASSWORD: admin, VIEWER_PASSWORD: viewer } as const;
  for (const name of ['ADMIN_PASSWORD', 'VIEWER_PASSWORD'] as const) {
    const password = passwords[name];
    const weakness = production && password !== undefined ? weaknessOf(password) : undefined;
    if (weakness !== undefined) report(variableOf(environment, name), `${weakness} (NODE_ENV is production)`);
  }
}

function checkDatabaseUrl(environment: Environment, report: ReportFault): void {
  const url = secretOrFault(environment, 'DATABASE_URL', report);
  if (url === undefined) return;
  if (!/^postgres(ql)?:\/\/\S+$/.test(url) || !URL.canParse(url)) {
    report(
      variableOf(environment, 'DATABASE_URL'),
      'must be a PostgreSQL address such as postgres://user:password@host:5432/name, special characters percent-encoded',
    );
  }
}
