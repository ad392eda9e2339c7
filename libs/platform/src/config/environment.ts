import { z } from 'zod';

/** One thing wrong with one variable; `message` says what is expected, never the value of a secret. */
export interface ConfigurationFault {
  variable: string;
  message: string;
}

export class ConfigurationError extends Error {
  constructor(readonly faults: readonly ConfigurationFault[]) {
    super(faults.map(({ variable, message }) => `${variable}: ${message}`).join('\n'));
    this.name = 'ConfigurationError';
  }
}

type Environment = Record<string, string | undefined>;

/**
 * Parses an environment by the schema of an app, whose keys are the names of the variables. An empty variable counts
 * as absent, because Compose passes `NAME=` for a variable that nobody set.
 * @throws ConfigurationError with every fault at once
 */
export function parseEnvironment<S extends z.ZodType>(schema: S, environment: Environment): z.output<S> {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  throw new ConfigurationError(
    result.error.issues.map((issue) => {
      const variable = issue.path.length > 0 ? issue.path.join('.') : 'environment';
      const missing = issue.code === 'invalid_type' && !(variable in present);
      return { variable, message: missing ? 'is required' : issue.message };
    }),
  );
}

/** For `main.ts` only: the configuration, or every fault on standard error and exit code 1. */
export function loadEnvironmentOrExit<S extends z.ZodType>(appName: string, schema: S): z.output<S> {
  try {
    return parseEnvironment(schema, process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const lines = error.faults.map(({ variable, message }) => `  ${variable} ${message}`);
    process.stderr.write(`The ${appName} cannot start, its configuration has faults:\n${lines.join('\n')}\n`);
    process.exit(1);
  }
}
