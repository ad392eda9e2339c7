import { variables } from '#platform';
import { z } from 'zod';
import { weaknessOf } from './admin-password.js';
import type { Known, ReportFault } from './report-fault.js';

export const serverVariables = {
  NODE_ENV: z.string().default('development'),
  PORT: variables.port(8010),
  LOG_FORMAT: z.enum(['json', 'pretty'], 'must be json or pretty').default('json'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error').default('info'),
  DATABASE_URL: z
    .string()
    .regex(
      /^postgres(ql)?:\/\/\S+$/,
      'must be a PostgreSQL address such as postgres://user:password@host:5432/name',
    )
    .refine((text) => URL.canParse(text), 'must be a well-formed URL; percent-encode special characters')
    .optional(),
  DATA_DIR: z.string().default('.data'),
  ADMIN_PASSWORD: z.string(),
  VIEWER_PASSWORD: z.string().optional(),
  ALERT_WEBHOOK_URLS: variables.httpUrlList(),
  METRICS_TOKEN: z.string().min(8, 'must have at least 8 characters').optional(),
};

export function checkServer(environment: Known<typeof serverVariables>, report: ReportFault): void {
  const { ADMIN_PASSWORD: admin, VIEWER_PASSWORD: viewer } = environment;
  if (viewer !== undefined && viewer === admin) {
    report('VIEWER_PASSWORD', 'must differ from ADMIN_PASSWORD, or every viewer would be an administrator');
  }
  if (environment.NODE_ENV !== 'production') return;
  for (const [variable, password] of Object.entries({ ADMIN_PASSWORD: admin, VIEWER_PASSWORD: viewer })) {
    const weakness = password === undefined ? undefined : weaknessOf(password);
    if (weakness !== undefined) report(variable, `${weakness} (NODE_ENV is production)`);
  }
}
