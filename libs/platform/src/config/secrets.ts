import { readFileSync } from 'node:fs';

export class SecretUnreadableError extends Error {
  constructor(
    readonly file: string,
    override readonly cause: unknown,
  ) {
    super(`The secret in ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.name = 'SecretUnreadableError';
  }
}

/**
 * A secret given as `NAME` or, as Docker and Kubernetes hand them out, in the file that `NAME_FILE` names.
 * The value itself wins; a file's surrounding white space is not part of the secret.
 * @throws SecretUnreadableError when the file cannot be read
 */
export function readSecret(value: string | undefined, file: string | undefined): string | undefined {
  if (value !== undefined) return value;
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SecretUnreadableError(file, error);
  }
}
