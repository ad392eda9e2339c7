import { loadEnvironmentOrExit, readSecret, SecretUnreadableError, variables } from '#platform';
import { z } from 'zod';

import { defaultStackFile, readStack, UsageError } from './surroundings.js';

/** Flags of scripts that open the books themselves, for `parseArgs`. */
export const booksDatabaseFlags = {
  database: { type: 'string' },
  stack: { type: 'string' },
} as const;

export type BooksDatabaseFlags = { [Name in keyof typeof booksDatabaseFlags]?: string | undefined };

export const booksDatabaseEnvironment = z.object({
  STACK_FILE: variables.text().optional(),
  DATABASE_URL: variables.text().optional(),
  DATABASE_URL_FILE: variables.text().optional(),
});

/** @throws UsageError that names where the address came from, without the password in it */
export function databaseAddress(source: string, text: string): string {
  if (/^postgres(ql)?:\/\/\S+$/.test(text) && URL.canParse(text)) return text;
  throw new UsageError(
    `${source} must be a PostgreSQL address such as postgres://user:password@host:5432/name, special characters percent-encoded.`,
  );
}

/**
 * The database of the books: the flag wins over the environment, and that over the stack file of `npm start`. Undefined
 * when nobody named one.
 * @throws UsageError
 */
export async function findBooksDatabase(
  flags: BooksDatabaseFlags,
  environment: z.output<typeof booksDatabaseEnvironment>,
): Promise<string | undefined> {
  if (flags.database !== undefined) return databaseAddress('--database', flags.database);
  const named = namedByEnvironment(environment);
  if (named !== undefined) return databaseAddress('DATABASE_URL', named);
  const file = flags.stack ?? environment.STACK_FILE;
  const stack = await readStack(file ?? defaultStackFile, file !== undefined);
  return stack?.database_url;
}

/**
 * Of a script that needs one.
 * @throws UsageError that says where one can be named
 */
export async function requireBooksDatabase(script: string, flags: BooksDatabaseFlags): Promise<string> {
  const environment = loadEnvironmentOrExit(`${script} script`, booksDatabaseEnvironment);
  const url = await findBooksDatabase(flags, environment);
  if (url !== undefined) return url;
  throw new UsageError(
    'Nobody named the database: --database URL, DATABASE_URL, or --data-dir DIR for an embedded one that is stopped; no local stack runs here.',
  );
}

function namedByEnvironment({
  DATABASE_URL,
  DATABASE_URL_FILE,
}: z.output<typeof booksDatabaseEnvironment>): string | undefined {
  try {
    return readSecret(DATABASE_URL, DATABASE_URL_FILE);
  } catch (error) {
    if (error instanceof SecretUnreadableError) throw new UsageError(`DATABASE_URL_FILE: ${error.message}`);
    throw error;
  }
}
