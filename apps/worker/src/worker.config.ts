import { CapabilityOfferError, normaliseOrchestratorUrl, OrchestratorUrlError } from '#livepeer';
import { defaultServices, loadMonitoringPlan, MonitoringFileError, type MonitoringPlan } from '#monitoring';
import { readSecret, variables } from '#platform';
import { z } from 'zod';

const shortText = (maximum: number) =>
  z
    .string()
    .trim()
    .max(maximum, `must have at most ${maximum} characters`)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'must be text without control characters');

const orchestratorUrl = z
  .string()
  .trim()
  .transform((text, context) => {
    try {
      return normaliseOrchestratorUrl(text);
    } catch (error) {
      if (!(error instanceof OrchestratorUrlError || error instanceof CapabilityOfferError)) throw error;
      context.addIssue({ code: 'custom', message: `must be the URL of an orchestrator: ${error.message}` });
      return z.NEVER;
    }
  });

/** An orchestrator appends the route of each job: a path or a trailing slash would end up in every address. */
const capabilityUrl = z
  .string()
  .trim()
  .transform((text) => text.replace(/\/+$/, ''))
  .refine(
    (text) => /^https?:\/\/[^/?#@]+$/i.test(text) && URL.canParse(text),
    'must be http://host:port or https://host:port, without a path',
  );

const dockerHost = z
  .string()
  .trim()
  .regex(
    /^((unix|npipe):\/\/.+|(tcp|http):\/\/(\[[0-9a-fA-F:]+\]|[^:/]+)(:\d{1,5})?\/?)$/,
    'must be unix:///path/to/docker.sock or tcp://host:port',
  );

/** Loose, because a monitoring file may name any variable as the place of a password. */
const environmentSchema = z.looseObject({
  WORKER_PORT: variables.port(9876),
  WORKER_DATA_DIR: z.string().default('.data/worker'),
  WORKER_PRIVATE_KEY: z
    .string()
    .trim()
    .regex(/^(0x)?[0-9a-fA-F]{64}$/, 'must be a private key: 0x and 64 hexadecimal digits')
    .optional(),
  WORKER_PRIVATE_KEY_FILE: z.string().optional(),
  MONITORED_SERVICES: variables
    .list(defaultServices)
    .refine((names) => names.length > 0, 'must name at least one container')
    .refine(
      (names) => names.every((name) => /^[a-zA-Z0-9*][a-zA-Z0-9_.*-]{0,127}$/.test(name)),
      'must be container names or globs such as s1_*, separated by commas',
    ),
  MONITORING_FILE: z.string().trim().optional(),
  MIN_SERVICE_UPTIME: variables.percentBasisPoints('95'),
  JOURNAL_RETENTION_DAYS: variables.count(35, { min: 2, max: 3_650 }),
  DOCKER_HOST: dockerHost.optional(),
  ORCH_URL: orchestratorUrl.optional(),
  ORCH_SECRET: z.string().optional(),
  ORCH_SECRET_FILE: z.string().optional(),
  CAPABILITY_NAME: shortText(128).default('agent-net'),
  CAPABILITY_URL: capabilityUrl.default('http://livepeer-worker:9876'),
  CAPABILITY_DESCRIPTION: shortText(500).default('Signed uptime of the VTuber services on this host'),
  CAPABILITY_CAPACITY: variables.count(10, { min: 1, max: 1_000 }),
  CAPABILITY_PRICE_PER_UNIT: variables.count(0),
  CAPABILITY_PRICE_SCALING: variables.count(1, { min: 1 }),
  CAPABILITY_TOKEN: z.string().optional(),
  CAPABILITY_TOKEN_FILE: z.string().optional(),
  JOB_UPLOAD_SECONDS: variables.count(10, { min: 1, max: 60 }),
  LOG_FORMAT: z.enum(['json', 'pretty'], { error: 'must be json or pretty' }).default('json'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'must be debug, info, warn or error' })
    .default('info'),
});

type Environment = z.output<typeof environmentSchema>;

/** Names of all variables, for the test that compares them with `.env.example`. */
export const workerVariables = Object.keys(environmentSchema.shape);

function secretFrom(environment: Partial<Environment>, context: z.RefinementCtx): string | undefined {
  try {
    return readSecret(environment.ORCH_SECRET, environment.ORCH_SECRET_FILE);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    context.addIssue({ code: 'custom', path: ['ORCH_SECRET_FILE'], message });
    return undefined;
  }
}

/** What an orchestrator of master sends with each job; without it every job is taken. */
function tokenFrom(environment: Partial<Environment>, context: z.RefinementCtx): string | undefined {
  const { CAPABILITY_TOKEN: token, CAPABILITY_TOKEN_FILE: file } = environment;
  if (token === undefined && file === undefined) return undefined;
  const fault = (path: string, message: string): void => {
    context.addIssue({ code: 'custom', path: [path], message });
  };
  try {
    const value = readSecret(token, file);
    if (value !== undefined && /^[\x21-\x7e]{8,512}$/.test(value)) return value;
    fault('CAPABILITY_TOKEN', 'must have 8 to 512 printable ASCII characters and no space');
  } catch (error) {
    fault('CAPABILITY_TOKEN_FILE', error instanceof Error ? error.message : String(error));
  }
  return undefined;
}

/** Faults of the file stand beside those of the variables. */
function monitoringPlanFrom(environment: Environment, context: z.RefinementCtx): MonitoringPlan {
  try {
    return loadMonitoringPlan({
      file: environment.MONITORING_FILE,
      dataDir: environment.WORKER_DATA_DIR,
      services: environment.MONITORED_SERVICES,
      variable: (name) => z.string().safeParse(environment[name]).data,
    });
  } catch (error) {
    if (!(error instanceof MonitoringFileError)) throw error;
    for (const message of error.lines) {
      context.addIssue({ code: 'custom', path: ['MONITORING_FILE'], message });
    }
    return z.NEVER;
  }
}

/** The whole environment of the worker; the rules between variables run beside those of single ones. */
export const workerConfigSchema = environmentSchema
  .superRefine(
    (environment, context) => {
      // With names that are at fault nobody can tell whether the file means any of them.
      if (Array.isArray(environment.MONITORED_SERVICES)) monitoringPlanFrom(environment, context);
      tokenFrom(environment, context);
      if (environment.ORCH_URL === undefined) return;
      const isGiven = environment.ORCH_SECRET_FILE !== undefined || environment.ORCH_SECRET !== undefined;
      if (isGiven) secretFrom(environment, context);
      else {
        const message = 'or ORCH_SECRET_FILE is required with ORCH_URL: the -orchSecret of that orchestrator';
        context.addIssue({ code: 'custom', path: ['ORCH_SECRET'], message });
      }
    },
    { when: () => true },
  )
  .transform((environment, context) => ({
    port: environment.WORKER_PORT,
    dataDir: environment.WORKER_DATA_DIR,
    privateKey: environment.WORKER_PRIVATE_KEY,
    privateKeyFile: environment.WORKER_PRIVATE_KEY_FILE,
    services: environment.MONITORED_SERVICES,
    monitoringPlan: monitoringPlanFrom(environment, context),
    /** Of the worker's own view, in basis points; what is paid is the distributor's decision. */
    minUptimeBasisPoints: environment.MIN_SERVICE_UPTIME,
    journalRetentionDays: environment.JOURNAL_RETENTION_DAYS,
    dockerHost: environment.DOCKER_HOST,
    orchestrator:
      environment.ORCH_URL === undefined
        ? undefined
        : { url: environment.ORCH_URL, secret: secretFrom(environment, context) ?? '' },
    offer: {
      name: environment.CAPABILITY_NAME,
      url: environment.CAPABILITY_URL,
      description: environment.CAPABILITY_DESCRIPTION,
      capacity: environment.CAPABILITY_CAPACITY,
      pricePerUnit: environment.CAPABILITY_PRICE_PER_UNIT,
      priceScaling: environment.CAPABILITY_PRICE_SCALING,
      token: tokenFrom(environment, context),
    },
    /** How long the body of a job may take to arrive: a slow upload holds a slot. */
    jobUploadMs: environment.JOB_UPLOAD_SECONDS * 1_000,
    /** From one registration to the next, see `CapabilityRegistration`; go-livepeer's registry bears no shorter one. */
    heartbeatMs: 30_000,
    logFormat: environment.LOG_FORMAT,
    logLevel: environment.LOG_LEVEL,
  }));

export type WorkerConfig = z.output<typeof workerConfigSchema>;

export const WORKER_CONFIG = Symbol('WORKER_CONFIG');
